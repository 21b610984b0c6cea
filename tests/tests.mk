# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# How the tests are built and run; included by the Makefile, which says what there is.

FUZZ_SECONDS ?= 60
MINUTES ?= 30
KERNELS ?= $(shell tests/vm/fetch --list)
JOBS ?= $(shell nproc)
RESULTS := $(O)/results

UNIT_SOURCES := $(wildcard tests/unit/test_*.c tests/unit/*/test_*.c)
UNIT_TESTS := $(patsubst %.c,$(O)/tests/%,$(notdir $(UNIT_SOURCES)))
TESTS := $(UNIT_TESTS) $(O)/tests/golden
FUZZERS := $(patsubst tests/fuzz/%.c,$(O)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

# --- test programs

vpath test_%.c $(sort $(dir $(UNIT_SOURCES)))

$(O)/tests/%.o: %.c $(O)/flags | $(GENERATED)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(COMPILE) -c $< -o $@

$(O)/tests/%: $(O)/tests/%.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(LINK) $^ $(WRAP) -lcmocka -lz $(LDLIBS) -o $@

# Functions that a test has instead of the real ones.
$(O)/tests/test_collect: WRAP := $(addprefix -Wl$(comma)--wrap=,session_events session_misses \
	session_maps rcu_wait)

$(O)/tests/golden: $(wildcard tests/golden/*.c tests/golden/*.h) $(LIB)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(filter-out -MMD -MP,$(COMPILE)) $(LDFLAGS) $(filter %.c,$^) $(LIB) -lcmocka $(LDLIBS) -o $@

$(O)/profile_sample: tests/profile/sample.c tests/profile/made_up.h $(LIB)
	$(call say,CC,$@)
	$(Q)$(COMPILE) $(LDFLAGS) $< $(LIB) $(LDLIBS) -o $@

$(O)/live: $(wildcard tests/live/*.c tests/live/*.h) $(O)/flags
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(C_FLAGS) $(LDFLAGS) $(filter %.c,$^) -lcmocka -ljansson -lm -o $@

# --- programs that make faults: static, and not sanitized: the same file runs in guests of any age

STATIC = $(CC) $(C_FLAGS) -O2 -g -static -pthread $(filter %.c,$^) -o $@

$(O)/faultgen: $(wildcard tests/faultgen/*.c tests/faultgen/*.h) $(O)/flags
	$(call say,CC,$@)
	$(Q)$(STATIC)

$(O)/stressload: $(wildcard tests/stress/*.c tests/stress/*.h) $(O)/flags
	$(call say,CC,$@)
	$(Q)$(STATIC)

$(O)/causegen: $(wildcard tests/causes/*.c tests/causes/*.h) $(O)/flags
	$(call say,CC,$@)
	$(Q)$(STATIC)

# With frame pointers: its stacks are walked.
$(O)/known: tests/trace/known.c $(O)/flags
	$(call say,CC,$@)
	$(Q)$(STATIC) -O0 -fno-omit-frame-pointer -mno-red-zone

# --- fuzzers: libFuzzer needs clang, and all of src/ built with it: it sees by coverage which
# inputs are new

FUZZ_FLAGS := -g -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
FUZZ_LIB := $(patsubst %.c,$(O)/fuzz/%.o,$(filter-out src/main.c,$(SOURCES))) $(PROTOS:.h=.o)

$(O)/fuzz/src/%.o: src/%.c $(O)/flags | $(GENERATED)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(CPPFLAGS) $(FUZZ_FLAGS) $(PFSTAT_CFLAGS) -c $< -o $@

$(O)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(FUZZ_LIB)
	$(call say,FUZZ,$@)
	$(Q)$(CLANG) $(CPPFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer $(PFSTAT_CFLAGS) $< $(FUZZ_LIB) $(LDLIBS) -o $@

# --- running them: each writes TAP; tests/summary adds it up to N passed, N failed, N skipped

.PHONY: check check-unit check-live check-vm run-unit run-live run-vm
check: deps
	$(Q)rm -rf $(RESULTS)
	$(Q)$(MAKE) --no-print-directory run-unit run-live run-vm
	$(Q)tests/summary $(RESULTS)/*.tap

check-unit: run-unit
	$(Q)tests/summary $(RESULTS)/unit-*.tap

check-live: deps
	$(Q)$(MAKE) --no-print-directory run-live
	$(Q)tests/summary $(RESULTS)/live*.tap

check-vm: deps
	$(Q)rm -f $(RESULTS)/vm*.tap
	$(Q)$(MAKE) --no-print-directory run-vm
	$(Q)tests/summary $(RESULTS)/vm*.tap

# A test program that fails must not keep the others from running: the summary decides.
run-unit: all $(TESTS) $(FUZZERS) $(O)/profile_sample
	$(Q)mkdir -p $(RESULTS) && rm -f $(RESULTS)/unit-*.tap
	$(Q)for t in $(TESTS); do \
		echo "# $$t"; \
		CMOCKA_MESSAGE_OUTPUT=TAP $$t 2>&1 | tee $(RESULTS)/unit-$$(basename $$t).tap; \
	done
	$(Q)tests/fuzz/run 3 $(FUZZERS) 2>&1 | tee $(RESULTS)/unit-fuzz.tap
	$(Q)tests/style 2>&1 | tee $(RESULTS)/unit-style.tap
	$(Q)tests/profile/run --build $(O) 2>&1 | tee $(RESULTS)/unit-profile.tap
	$(Q)PFSTAT=$(abspath $(O)/pfstat) bats --tap tests/contrib 2>&1 | tee $(RESULTS)/unit-contrib.tap
	$(Q)GOLDEN=$(abspath $(O)/tests/golden) bats --tap tests/interop 2>&1 | tee $(RESULTS)/unit-interop.tap

run-live: all $(O)/live $(O)/known
	$(Q)mkdir -p $(RESULTS) && rm -f $(RESULTS)/live*.tap
	$(Q)PFSTAT=$(abspath $(O)/pfstat) FAULTGEN=$(abspath $(O)/faultgen) \
		KNOWN=$(abspath $(O)/known) bats --tap tests/cli 2>&1 | tee $(RESULTS)/live-cli.tap
	$(Q)CMOCKA_MESSAGE_OUTPUT=TAP tests/live/with-machine $(O)/live \
		--pfstat $(O)/pfstat --faultgen $(O)/faultgen 2>&1 | tee $(RESULTS)/live.tap
	$(Q)tests/live/with-machine tests/trace/run --build $(O) 2>&1 | tee $(RESULTS)/live-trace.tap
	$(Q)tests/prometheus/run --build $(O) 2>&1 | tee $(RESULTS)/live-prometheus.tap

run-vm: all $(O)/live $(O)/known $(O)/causegen $(O)/stressload $(O)/small/pfstat
	$(Q)mkdir -p $(RESULTS)
	$(Q)tests/vm/matrix --kernels "$(KERNELS)" --build $(O) --out $(RESULTS)/vm || :
	$(Q)for f in $(RESULTS)/vm/*.tap; do cp $$f $(RESULTS)/vm-$$(basename $$f); done

.PHONY: stress
stress: deps
	$(Q)$(MAKE) --no-print-directory all $(O)/stressload $(O)/small/pfstat
	$(Q)mkdir -p $(RESULTS) && rm -f $(RESULTS)/stress-*.tap
	$(Q)for k in $(KERNELS); do \
		tests/stress/run --full --build $(O) $$k 2>&1 | tee $(RESULTS)/stress-$$k.tap; \
	done
	$(Q)tests/summary $(RESULTS)/stress-*.tap

.PHONY: causes
causes: deps
	$(Q)$(MAKE) --no-print-directory all $(O)/causegen
	$(Q)mkdir -p $(RESULTS) && rm -f $(RESULTS)/causes-*.tap
	$(Q)for k in $(KERNELS); do \
		tests/causes/run --build $(O) $$k 2>&1 | tee $(RESULTS)/causes-$$k.tap; \
	done
	$(Q)tests/summary $(RESULTS)/causes-*.tap

.PHONY: soak
soak: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)mkdir -p $(RESULTS) && rm -f $(RESULTS)/soak-*.tap
	$(Q)for k in $(if $(filter command line,$(origin KERNELS)),$(KERNELS),6.12); do \
		tests/soak/run --build $(O) --minutes $(MINUTES) $$k 2>&1 | tee $(RESULTS)/soak-$$k.tap; \
	done
	$(Q)tests/summary $(RESULTS)/soak-*.tap

.PHONY: fuzz
fuzz: deps
	$(Q)$(MAKE) --no-print-directory $(FUZZERS)
	$(Q)mkdir -p $(RESULTS)
	$(Q)tests/fuzz/run $(FUZZ_SECONDS) $(FUZZERS) 2>&1 | tee $(RESULTS)/fuzz.tap
	$(Q)tests/summary $(RESULTS)/fuzz.tap

.PHONY: bench
bench: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/bench/run --build $(O) --kernels "$(if $(filter command line,$(origin KERNELS)),$(KERNELS),6.1 7.x)"

-include $(wildcard $(O)/tests/*.d $(O)/fuzz/*.d) $(patsubst %.c,$(O)/fuzz/%.d,$(SOURCES))
