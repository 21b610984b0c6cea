# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# make             build pfstat and faultgen
# make demo        install what is missing, build, measure real faults on this kernel
# make check       install what is missing, build, run all tests
# make bench       what a fault costs with pfstat attached, in guest instructions
# Variables: V=1 (show commands), SAN=1 (ASan and UBSan), CC, CLANG, PREFIX, DESTDIR,
# KERNELS="6.1 7.x" (for check-vm and bench).

VERSION := $(shell cat VERSION)
PREFIX ?= /usr/local
CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
O := build

ARCH := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)

WARN := -Wall -Wextra -Werror
CFLAGS ?= -O2 -g
PFSTAT_CFLAGS := -std=gnu11 -D_GNU_SOURCE -DPFSTAT_VERSION='"$(VERSION)"' $(WARN) -I$(O) -MMD -MP
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) $(WARN) -Wno-unused-parameter \
	-I/usr/include/$(MULTIARCH) -MMD -MP
LDLIBS := -lbpf -ljansson -lcap -lm
ifeq ($(SAN),1)
O := build/san
PFSTAT_CFLAGS += -fsanitize=address,undefined -fno-omit-frame-pointer
PFSTAT_LDFLAGS := -fsanitize=address,undefined
endif
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s%s\n' '$(1)' '$(2)')

SOURCES := $(wildcard src/*.c)
OBJECTS := $(SOURCES:src/%.c=$(O)/%.o)
LIB := $(filter-out $(O)/main.o,$(OBJECTS))
SKELETONS := $(patsubst bpf/%.bpf.c,$(O)/%.skel.h,$(wildcard bpf/*.bpf.c))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all
all: $(O)/pfstat $(O)/faultgen

$(O)/pfstat: $(OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(PFSTAT_LDFLAGS) $^ $(LDLIBS) -o $@

$(O)/%.o: src/%.c $(SKELETONS) Makefile VERSION
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS) $(PFSTAT_CFLAGS) -c $< -o $@

$(O)/%.bpf.o: bpf/%.bpf.c Makefile
	$(call say,BPF,$@)
	$(Q)mkdir -p $(O)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $(@:.o=.tmp.o) -MF $(@:.o=.d) -MT $@
	$(Q)$(BPFTOOL) gen object $@ $(@:.o=.tmp.o)

$(O)/%.skel.h: $(O)/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

# Static: the same file runs in guests of any age.
$(O)/faultgen: $(wildcard tests/faultgen/*.c tests/faultgen/*.h) Makefile
	$(call say,CC,$@)
	$(Q)mkdir -p $(O)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -g $(WARN) -static -pthread $(filter %.c,$^) -o $@

.PHONY: clean
clean:
	$(Q)rm -rf build

-include $(wildcard $(O)/*.d)
