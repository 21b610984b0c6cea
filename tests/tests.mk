# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# How the tests are built and run; included by the Makefile, which says what there is.

FUZZ_SECONDS ?= 60
MINUTES ?= 30
KERNELS ?= $(shell tests/kernel/vm/fetch --list)
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
	$(Q)$(LINK) $^ $(WRAP) -lcmocka -ljansson -lz $(LDLIBS) -o $@

# Functions that a test has instead of the real ones.
$(O)/tests/test_collect: WRAP := $(addprefix -Wl$(comma)--wrap=,session_events session_misses \
	session_end_misses session_maps rcu_wait)
$(O)/tests/test_cgroup_counters $(O)/tests/test_group_counters $(O)/tests/test_stack_table: \
	WRAP := -Wl,--wrap=session_maps
$(O)/tests/test_serve_metrics: WRAP := $(addprefix -Wl$(comma)--wrap=,counters_read counters_slow \
	session_program self_usage)
$(O)/tests/test_serve_metrics_cgroup: WRAP := $(addprefix -Wl$(comma)--wrap=cgroup_counters_, \
	open limit key faults other forget settle close)
$(O)/tests/test_end_events: WRAP := $(addprefix -Wl$(comma)--wrap=,perf_event_open_software \
	perf_event_attach ioctl read close)
$(O)/tests/test_perf_event: WRAP := $(addprefix -Wl$(comma)--wrap=,syscall ioctl fopen)
$(O)/tests/test_slab: WRAP := -Wl$(comma)--wrap=bpf_prog_test_run_opts
$(O)/tests/test_cgroups: WRAP := -Wl$(comma)--wrap=openat
$(O)/tests/test_web_auth: WRAP := -Wl$(comma)--wrap=crypt_rn
$(O)/tests/test_stacks $(O)/profile_sample: WRAP := $(addprefix -Wl$(comma)--wrap=,\
	symbols_user_find symbols_kernel_find)
$(O)/tests/test_targets: WRAP := $(addprefix -Wl$(comma)--wrap=,session_add_cpu symbols_add_cpu \
	session_add_task session_has_task)

$(O)/tests/golden: $(wildcard tests/golden/*.c tests/golden/*.h) $(LIB)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(filter-out -MMD -MP,$(COMPILE)) $(LDFLAGS) $(filter %.c,$^) $(LIB) -lcmocka $(LDLIBS) -o $@

$(O)/profile_sample: tests/interop/profile/sample.c tests/interop/profile/made_up.h $(LIB)
	$(call say,CC,$@)
	$(Q)$(COMPILE) $(LDFLAGS) $< $(LIB) $(WRAP) $(LDLIBS) -o $@

$(O)/live: $(wildcard tests/kernel/live/*.c tests/kernel/live/*.h) $(O)/flags
	$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(C_FLAGS) $(LDFLAGS) $(filter %.c,$^) -lcmocka -ljansson -lm -o $@

# --- programs that make faults: static, and not sanitized: the same file runs in guests of any age

STATIC = $(CC) $(C_FLAGS) -O2 -g -static -pthread $(filter %.c,$^) -o $@

$(O)/faultgen: $(wildcard tests/tools/faultgen/*.c tests/tools/faultgen/*.h) $(O)/flags
	$(call say,CC,$@)
	$(Q)$(STATIC)

$(O)/stressload: $(wildcard tests/tools/stressload/*.c tests/tools/stressload/*.h) $(O)/flags
	$(call say,CC,$@)
	$(Q)$(STATIC)

$(O)/causegen: $(wildcard tests/tools/causegen/*.c tests/tools/causegen/*.h) $(O)/flags
	$(call say,CC,$@)
	$(Q)$(STATIC)

$(O)/ioworker $(O)/paced $(O)/sleepers $(O)/threads $(O)/vhostworker: $(O)/%: tests/tools/%/main.c $(O)/flags
	$(call say,CC,$@)
	$(Q)$(STATIC)

$(O)/faults: tests/bench/faults.c $(O)/flags
	$(call say,CC,$@)
	$(Q)$(STATIC)

# With frame pointers: its stacks are walked.
$(O)/known: tests/kernel/trace/known.c $(O)/flags
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

# What check-all has beyond check is long: kernel by kernel, so that a cut loses little.
# What the parts run, and what they need beside pfstat.
CHECK_PROGRAMS := $(O)/live $(O)/known $(O)/ioworker $(O)/paced $(O)/sleepers $(O)/threads $(O)/vhostworker \
	$(O)/small/pfstat
CHECK_PARTS := unit live cli samples vm
ALL_PARTS = $(CHECK_PARTS) fuzz packages san tsan $(addprefix causes-,$(KERNELS)) \
	$(addprefix soak-,$(SOAK_KERNELS)) $(addprefix duty-,$(DUTY_KERNELS)) $(addprefix stress-,$(KERNELS))
# 6.12 and 6.1, unless KERNELS is given.
SOAK_KERNELS = $(if $(filter command line,$(origin KERNELS)),$(KERNELS),6.12)
DUTY_KERNELS = $(if $(filter command line,$(origin KERNELS)),$(KERNELS),6.1)
# PART="stress fuzz": these only, stress of each kernel.
chosen = $(if $(PART),$(foreach p,$(PART),$(or $(filter $p $p-%,$1),$(error no part $p of: $1))),$1)
PARTS := tests/parts --results $(RESULTS)

.PHONY: check check-all check-san check-unit check-live check-vm
# Built first: parts that run at the same time must not build.
check: deps
	$(Q)$(MAKE) --no-print-directory all $(CHECK_PROGRAMS)
	$(Q)MAKE='$(MAKE)' $(PARTS) --beside cli --beside samples $(call chosen,$(CHECK_PARTS))

# With the tests of user space on each kernel: tests/removed-per-kernel.md.
check-all: deps
	$(Q)$(MAKE) --no-print-directory all $(CHECK_PROGRAMS)
	$(Q)MAKE='$(MAKE) VM_ALL=--all' FORCE=$(FORCE) $(PARTS) --resume --beside cli --beside samples $(call chosen,$(ALL_PARTS))

check-san: deps
	$(Q)MAKE='$(MAKE)' $(PARTS) $(call chosen,san tsan)

check-unit:
	$(Q)MAKE='$(MAKE)' $(PARTS) unit

check-live: deps
	$(Q)MAKE='$(MAKE)' $(PARTS) cli live

check-vm: deps
	$(Q)MAKE='$(MAKE)' $(PARTS) vm

# Aliases of single parts, which run them whether they have passed or not.
.PHONY: stress causes soak fuzz
stress causes: deps
	$(Q)MAKE='$(MAKE)' $(PARTS) $(addprefix $@-,$(KERNELS))

soak: deps
	$(Q)MAKE='$(MAKE)' $(PARTS) $(addprefix soak-,$(SOAK_KERNELS))

fuzz: deps
	$(Q)MAKE='$(MAKE)' $(PARTS) fuzz

# tests/tap lets a test program fail without keeping the others from running.
TAP = $(Q)CMOCKA_MESSAGE_OUTPUT=TAP tests/tap
TAP_NOW = $(TAP) --follow

# The longest first. Sanitizers say nothing more about clang's fuzzers, scripts and documents.
UNIT_RUNS := $(if $(SAN),,unit-fuzz unit-contrib) unit-profile $(addprefix unit-,$(notdir $(TESTS))) \
	$(if $(SAN),,unit-interop unit-style unit-words unit-layers unit-layers-self)
.PHONY: run-unit $(UNIT_RUNS)
run-unit: all $(TESTS) $(if $(SAN),,$(FUZZERS)) $(O)/profile_sample
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) -O $(UNIT_RUNS)

$(addprefix unit-,$(notdir $(TESTS))): unit-%:
	$(TAP) $(RESULTS)/$@.tap $(O)/tests/$*

unit-fuzz:
	$(TAP) $(RESULTS)/$@.tap tests/fuzz/run 3 $(FUZZERS)

unit-style:
	$(TAP) $(RESULTS)/$@.tap tests/style

unit-layers:
	$(TAP) $(RESULTS)/$@.tap tests/layers

unit-layers-self:
	$(TAP) $(RESULTS)/$@.tap tests/layers --self-test

unit-words:
	$(TAP) $(RESULTS)/$@.tap tests/words --tap

unit-profile:
	$(TAP) $(RESULTS)/$@.tap tests/interop/profile/run --build $(O)

unit-contrib:
	$(TAP) $(RESULTS)/$@.tap env PFSTAT=$(abspath $(O)/pfstat) bats --tap tests/interop/contrib

unit-interop:
	$(TAP) $(RESULTS)/$@.tap env GOLDEN=$(abspath $(O)/tests/golden) bats --tap tests/interop/formats

.PHONY: run-cli run-live
run-cli: all $(CHECK_PROGRAMS)
	$(TAP_NOW) $(RESULTS)/cli.tap env PFSTAT=$(abspath $(O)/pfstat) FAULTGEN=$(abspath $(O)/faultgen) \
		KNOWN=$(abspath $(O)/known) bats --tap tests/cli

run-live: all $(CHECK_PROGRAMS)
	$(TAP_NOW) $(RESULTS)/live.tap tests/kernel/live/with-machine $(O)/live --pfstat $(O)/pfstat --faultgen $(O)/faultgen
	$(TAP_NOW) $(RESULTS)/live-trace.tap tests/kernel/live/with-machine tests/kernel/trace/run --build $(O)
	$(TAP_NOW) $(RESULTS)/live-prometheus.tap tests/interop/prometheus/run --build $(O)

.PHONY: run-samples
run-samples: all
	$(TAP_NOW) $(RESULTS)/samples.tap tests/samples/run --build $(O)

.PHONY: run-vm
run-vm: all $(O)/live $(O)/known $(O)/vhostworker $(O)/causegen $(O)/stressload $(O)/small/pfstat
	$(Q)mkdir -p $(RESULTS)
	$(Q)tests/kernel/vm/matrix --kernels "$(KERNELS)" --build $(O) --out $(RESULTS)/vm $(VM_JOBS:%=--jobs %) $(VM_ALL) || :
	$(Q)for f in $(RESULTS)/vm/*.tap $(RESULTS)/vm/*.seconds; do cp $$f $(RESULTS)/vm-$$(basename $$f); done

run-stress-%: all $(O)/stressload $(O)/small/pfstat
	$(TAP_NOW) $(RESULTS)/stress-$*.tap tests/kernel/stress/run --full --build $(O) $*

run-causes-%: all $(O)/causegen
	$(TAP_NOW) $(RESULTS)/causes-$*.tap tests/kernel/causes/run --build $(O) $*

run-duty-%: all $(O)/paced
	$(TAP_NOW) $(RESULTS)/duty-$*.tap tests/kernel/duty/run --build $(O) $*

run-soak-%: all
	$(TAP_NOW) $(RESULTS)/soak-$*.tap tests/kernel/soak/run --build $(O) --minutes $(MINUTES) $*

.PHONY: run-fuzz run-packages run-san run-tsan
run-fuzz: $(FUZZERS)
	$(TAP_NOW) $(RESULTS)/fuzz.tap tests/fuzz/run $(FUZZ_SECONDS) $(FUZZERS)

run-packages:
	$(TAP_NOW) $(RESULTS)/packages.tap tests/packages

# Unit, cli and live tests with sanitizers; their results are those of this part.
run-san:
	$(Q)tests/sanitized --results $(RESULTS) --build build/san san SAN=1

run-tsan:
	$(Q)tests/sanitized --results $(RESULTS) --build build/tsan tsan SAN=thread

.PHONY: bench
bench: deps
	$(Q)$(MAKE) --no-print-directory all $(O)/faults
	$(Q)tests/bench/run --build $(O) --kernels "$(if $(filter command line,$(origin KERNELS)),$(KERNELS),6.1 6.12 7.x)"

DEPENDS := $(wildcard $(O)/tests/*.d $(O)/fuzz/*.d) $(patsubst %.c,$(O)/fuzz/%.d,$(SOURCES))
