# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# make                build pfstat, faultgen and the man page
# make demo           install what is missing, build, measure real faults on this kernel
# make check          install what is missing, build, run all tests
#   make check-unit   no root, seconds
#   make check-live   on the running kernel (root)
#   make check-vm     on stock Debian kernels in emulated machines; KERNELS="6.1 7.x"
# make stress         the stress tests with all figures, in guests: hours; KERNELS
# make soak           the exporter for half an hour in a guest; KERNELS, MINUTES
# make fuzz           each fuzzer for FUZZ_SECONDS (60)
# make causes         faults that are slow for a known reason, in guests; KERNELS
# make bench          what a fault costs with pfstat and with its peers, in guest instructions
# make deps           install the packages of packages.txt that are missing
# make install        PREFIX, DESTDIR
#
# Variables: V=1 shows commands, SAN=1 builds with ASan and UBSan (into build/san),
# SMALL=1 with tables for 68 faults in flight, to fill them (into build/small).

VERSION := $(shell cat VERSION)
PREFIX ?= /usr/local
CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
FUZZ_SECONDS ?= 60
KERNELS ?= $(shell tests/vm/fetch --list)
O := build

ARCH := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')
MULTIARCH = $(shell $(CC) -print-multiarch 2>/dev/null)

WARN := -Wall -Wextra -Werror
CFLAGS ?= -O2 -g
PFSTAT_CFLAGS = -std=gnu11 -D_GNU_SOURCE -DPFSTAT_VERSION='"$(VERSION)"' $(WARN) \
	-iquote src -iquote bpf -I$(O) -I$(O)/src -MMD -MP
BPF_CFLAGS = -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) $(WARN) -Wno-unused-parameter \
	-I/usr/include/$(MULTIARCH) -MMD -MP
LDLIBS := -lbpf -ldw -lelf -liberty -ljansson -lcap -lseccomp -lsystemd -lmicrohttpd -lgnutls -lcrypt -lyaml -lm -lprotobuf-c -ldeflate -pthread
ifeq ($(SAN),1)
O := build/san
SAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
endif
ifeq ($(SMALL),1)
O := $(O)/small
PFSTAT_CFLAGS += $(TABLES)
BPF_CFLAGS += $(TABLES)
TABLES := -DNR_INFLIGHT=64 -DNR_OVERFLOW=4
endif
Q := $(if $(V),,@)
comma := ,
say = $(if $(V),,@printf '  %-8s%s\n' '$(1)' '$(2)')

SOURCES := $(wildcard src/*.c src/*/*.c)
PROTOS := $(patsubst src/%.proto,$(O)/src/%.pb-c.h,$(wildcard src/*.proto src/*/*.proto))
OBJECTS := $(patsubst %.c,$(O)/%.o,$(SOURCES)) $(PROTOS:.h=.o)
LIB := $(filter-out $(O)/src/main.o,$(OBJECTS))
SKELETONS := $(patsubst bpf/%.bpf.c,$(O)/%.skel.h,$(wildcard bpf/*.bpf.c))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(O)/tests/%,$(wildcard tests/unit/test_*.c))
TESTS := $(UNIT_TESTS) $(O)/tests/golden
FUZZERS := $(patsubst tests/fuzz/%.c,$(O)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
RESULTS := $(O)/results

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all
all: $(O)/pfstat $(O)/faultgen $(O)/pfstat.1

$(O)/pfstat: $(OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SAN_FLAGS) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(O)/src/%.o: src/%.c $(SKELETONS) $(PROTOS) Makefile VERSION
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(SAN_FLAGS) $(PFSTAT_CFLAGS) -c $< -o $@

$(O)/src/%.pb-c.c $(O)/src/%.pb-c.h: src/%.proto Makefile
	$(call say,PROTO,$@)
	$(Q)mkdir -p $(O)/src
	$(Q)protoc-c --proto_path=src --c_out=$(O)/src $<

# What the flame graph carries with it, as C strings.
$(O)/src/%.inc: src/% Makefile
	$(call say,INC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $< > $@

$(O)/src/profile/flamegraph.o $(O)/fuzz/src/profile/flamegraph.o: $(O)/src/profile/flamegraph.css.inc $(O)/src/profile/flamegraph.js.inc

$(O)/src/%.pb-c.o: $(O)/src/%.pb-c.c
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS) $(SAN_FLAGS) $(PFSTAT_CFLAGS) -c $< -o $@

$(O)/%.bpf.o: bpf/%.bpf.c Makefile
	$(call say,BPF,$@)
	$(Q)mkdir -p $(O)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $(@:.o=.tmp.o) -MF $(@:.o=.d) -MT $@
	$(Q)$(BPFTOOL) gen object $@ $(@:.o=.tmp.o)

$(O)/%.skel.h: $(O)/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

# Static, and not sanitized: the same file runs in guests of any age.
$(O)/faultgen: $(wildcard tests/faultgen/*.c tests/faultgen/*.h) Makefile
	$(call say,CC,$@)
	$(Q)mkdir -p $(O)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -g $(WARN) -static -pthread $(filter %.c,$^) -o $@

# Static as well; with frame pointers, as its stacks are to be walked.
$(O)/known: tests/trace/known.c Makefile
	$(call say,CC,$@)
	$(Q)mkdir -p $(O)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -O0 -g $(WARN) -static -fno-omit-frame-pointer \
		-mno-red-zone $< -o $@

# Always asked: its own run of make knows what it depends on.
ifneq ($(SMALL),1)
.PHONY: $(O)/small/pfstat
$(O)/small/pfstat:
	$(Q)$(MAKE) --no-print-directory SMALL=1 $@
endif

$(O)/stressload: $(wildcard tests/stress/*.c tests/stress/*.h) Makefile
	$(call say,CC,$@)
	$(Q)mkdir -p $(O)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -g $(WARN) -static -pthread $(filter %.c,$^) -o $@

$(O)/causegen: $(wildcard tests/causes/*.c tests/causes/*.h) Makefile
	$(call say,CC,$@)
	$(Q)mkdir -p $(O)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -g $(WARN) -static -pthread $(filter %.c,$^) -o $@

# scdoc begins a paragraph behind each heading, too, which mandoc's lint calls empty.
define TIDY_MAN
/^\.P$$/ { paragraph = 1; next }
/^\.RE/ { print; heading = 0; next }
paragraph && !heading && !/^\.(SH|SS)/ { print ".P" }
{ paragraph = 0; heading = /^\.(SH|SS|TH)/; print }
endef
export TIDY_MAN

$(O)/pfstat.1: man/pfstat.1.scd Makefile
	$(call say,MAN,$@)
	$(Q)mkdir -p $(O)
	$(Q)scdoc < $< | awk "$$TIDY_MAN" > $@

# --- tests

$(O)/tests/%: tests/unit/%.c $(LIB)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(SAN_FLAGS) $(PFSTAT_CFLAGS) $< $(LIB) $(WRAP) -lcmocka -lz $(LDLIBS) -o $@

# Functions that a test has instead of the real ones.
$(O)/tests/test_collect: WRAP := $(addprefix -Wl$(comma)--wrap=,session_events session_misses \
	session_maps rcu_wait)
$(O)/tests/test_cgroup_counters $(O)/tests/test_group_counters $(O)/tests/test_stack_table: \
	WRAP := -Wl,--wrap=session_maps

$(O)/tests/golden: $(wildcard tests/golden/*.c tests/golden/*.h) $(LIB)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(SAN_FLAGS) $(filter-out -MMD -MP,$(PFSTAT_CFLAGS)) \
		$(filter %.c,$^) $(LIB) -lcmocka $(LDLIBS) -o $@

$(O)/profile_sample: tests/profile/sample.c tests/profile/made_up.h $(LIB)
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS) $(SAN_FLAGS) $(PFSTAT_CFLAGS) $< $(LIB) $(LDLIBS) -o $@

$(O)/live: $(wildcard tests/live/*.c tests/live/*.h) Makefile
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -std=gnu11 -D_GNU_SOURCE $(WARN) $(filter %.c,$^) -lcmocka -ljansson -lm -o $@

# libFuzzer needs clang, and all of src/ built with it: the fuzzer sees by coverage
# which inputs are new.
FUZZ_FLAGS := -g -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
FUZZ_LIB := $(patsubst %.c,$(O)/fuzz/%.o,$(filter-out src/main.c,$(SOURCES))) $(PROTOS:.h=.o)

$(O)/fuzz/src/%.o: src/%.c $(SKELETONS) $(PROTOS) Makefile VERSION
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_FLAGS) $(PFSTAT_CFLAGS) -c $< -o $@

$(O)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(FUZZ_LIB)
	$(call say,FUZZ,$@)
	$(Q)$(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer $(PFSTAT_CFLAGS) $< $(FUZZ_LIB) $(LDLIBS) -o $@

# Each test program writes TAP; tests/summary adds up and says N passed, N failed, N skipped.
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

MINUTES ?= 30
.PHONY: soak
soak: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)mkdir -p $(RESULTS) && rm -f $(RESULTS)/soak-*.tap
	$(Q)for k in $(if $(filter command line,$(origin KERNELS)),$(KERNELS),6.12); do \
		tests/soak/run --build $(O) --minutes $(MINUTES) $$k 2>&1 | tee $(RESULTS)/soak-$$k.tap; \
	done
	$(Q)tests/summary $(RESULTS)/soak-*.tap

# --- the rest

.PHONY: demo
demo: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/demo $(O)

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

.PHONY: deps
deps:
	$(Q)tests/install-packages packages.txt

.PHONY: install
install: all
	install -D -m 755 $(O)/pfstat $(DESTDIR)$(PREFIX)/sbin/pfstat
	install -D -m 644 $(O)/pfstat.1 $(DESTDIR)$(PREFIX)/share/man/man1/pfstat.1

# For clangd and clang-tidy, on demand.
compile_commands.json: $(SOURCES)
	$(Q)for f in $^; do \
		printf '{"directory":"%s","file":"%s","arguments":["cc","-std=gnu11","-D_GNU_SOURCE","-DPFSTAT_VERSION=\\"\\"","-iquote","src","-iquote","bpf","-I%s","-c","%s"]}\n' \
			"$(CURDIR)" "$$f" "$(O)" "$$f"; \
	done | paste -sd, | sed 's/^/[/; s/$$/]/' > $@

.PHONY: clean
clean:
	$(Q)rm -rf build compile_commands.json

-include $(wildcard $(O)/*.d $(O)/tests/*.d $(O)/fuzz/*.d) $(patsubst %.c,$(O)/%.d,$(SOURCES)) \
	$(patsubst %.c,$(O)/fuzz/%.d,$(SOURCES))
