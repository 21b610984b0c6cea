# SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#
# make                build pfstat, faultgen and the man page
# make demo           install what is missing, build, measure real faults on this kernel
# make check          install what is missing, build, run all tests
#   make check-unit   no root, a minute
#   make check-live   on the running kernel (root)
#   make check-vm     on stock Debian kernels in emulated machines; KERNELS="6.1 7.x"
# make check-all      check and all that is long; PART="stress soak" chooses; what has
#                     passed with the same sources is not run again, but with FORCE=1
# make check-san      unit, command-line and live tests with ASan and UBSan, and with TSan
# make stress         the stress tests with all figures, in guests: hours; KERNELS
# make soak           the exporter for half an hour in a guest; KERNELS, MINUTES
# make fuzz           each fuzzer for FUZZ_SECONDS (60)
# make causes         faults that are slow for a known reason, in guests; KERNELS
# make bench          what a fault costs with pfstat and with its peers, in guest instructions
# make deps           install the packages of packages.txt that are missing
# make install        PREFIX, DESTDIR
#
# Variables: V=1 shows commands, WERROR=1 makes warnings errors, SAN=1 builds with ASan and
# UBSan (into build/san), SAN=thread with TSan (into build/tsan), SMALL=1 with tables for
# 68 faults of a user in flight, to fill them (into build/small). CC, CPPFLAGS, CFLAGS and LDFLAGS
# are the caller's.

MAKEFLAGS += --no-builtin-rules
VERSION := $(shell cat VERSION)
PREFIX ?= /usr/local
CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g
O := build

ARCH := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')
MULTIARCH = $(shell $(CC) -print-multiarch 2>/dev/null)

PACKAGES := libbpf libdw libelf libcap libseccomp libsystemd libmicrohttpd gnutls \
	libcrypt yaml-0.1 libprotobuf-c libdeflate
# Asked once, and only by what compiles: make deps runs without pkg-config.
PACKAGE_CFLAGS = $(eval PACKAGE_CFLAGS := $$(shell $(PKG_CONFIG) --cflags $(PACKAGES)))$(PACKAGE_CFLAGS)
PACKAGE_LIBS = $(eval PACKAGE_LIBS := $$(shell $(PKG_CONFIG) --libs $(PACKAGES)))$(PACKAGE_LIBS)
# libiberty has no .pc file.
LDLIBS = $(PACKAGE_LIBS) -liberty -lm -pthread

WARN := -Wall -Wextra $(if $(filter 1,$(WERROR)),-Werror)
C_WARN := $(WARN) -Wmissing-prototypes -Wstrict-prototypes
# The same bytes wherever the tree is.
PREFIX_MAP := -ffile-prefix-map=$(CURDIR)=.
C_FLAGS := -std=gnu11 -D_GNU_SOURCE $(C_WARN) $(PREFIX_MAP)
PFSTAT_CFLAGS = $(C_FLAGS) -DPFSTAT_VERSION='"$(VERSION)"' $(PACKAGE_CFLAGS) $(TABLES) \
	-iquote src -iquote bpf -I$(O) -I$(O)/src -MMD -MP
BPF_CFLAGS = -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) $(WARN) -Wno-unused-parameter \
	$(PREFIX_MAP) -I/usr/include/$(MULTIARCH) $(TABLES) -MMD -MP
ifeq ($(SAN),1)
O := build/san
SAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
else ifeq ($(SAN),thread)
O := build/tsan
# gcc warns that it does not model fences.
SAN_FLAGS := -fsanitize=thread -fno-omit-frame-pointer $(if $(findstring clang,$(CC)),,-Wno-tsan)
endif
ifeq ($(SMALL),1)
O := $(O)/small
TABLES := -DNR_INFLIGHT=64 -DNR_OVERFLOW=8 -DOVERFLOW_SHARE=4
endif
COMPILE = $(CC) $(CPPFLAGS) $(CFLAGS) $(SAN_FLAGS) $(PFSTAT_CFLAGS)
LINK = $(CC) $(CFLAGS) $(SAN_FLAGS) $(LDFLAGS)
Q := $(if $(V),,@)
comma := ,
say = $(if $(V),,@printf '  %-8s%s\n' '$(1)' '$(2)')

SOURCES := $(wildcard src/*.c src/*/*.c)
PROTOS := $(patsubst src/%.proto,$(O)/src/%.pb-c.h,$(wildcard src/*.proto src/*/*.proto))
OBJECTS := $(patsubst %.c,$(O)/%.o,$(SOURCES)) $(PROTOS:.h=.o)
LIB := $(filter-out $(O)/src/main.o,$(OBJECTS))
SKELETONS := $(patsubst bpf/%.bpf.c,$(O)/%.skel.h,$(wildcard bpf/*.bpf.c))
INCLUDED := $(patsubst %,$(O)/%.inc,$(wildcard src/*/*.css src/*/*.js))
# Made before anything is compiled; which object needs which of them, its .d file says.
GENERATED := $(SKELETONS) $(PROTOS) $(INCLUDED)

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all FORCE
all: $(O)/pfstat $(O)/faultgen $(O)/pfstat.1

# Gets a new time when the flags of the compilers change, WERROR left out. Two parts of the
# tests may run make at the same time, so each writes a file of its own.
$(O)/flags: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)new=$@.$$$$; \
	printf '%s\n' '$(subst ','\'',$(filter-out -Werror,$(COMPILE) $(BPF_CFLAGS) $(CLANG)))' >$$new; \
	if cmp -s $$new $@; then rm $$new; else mv $$new $@; fi

$(O)/pfstat: $(OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(LINK) $^ $(LDLIBS) -o $@

$(O)/src/%.o: src/%.c $(O)/flags | $(GENERATED)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(COMPILE) -c $< -o $@

$(O)/src/%.pb-c.c $(O)/src/%.pb-c.h: src/%.proto
	$(call say,PROTO,$@)
	$(Q)mkdir -p $(O)/src
	$(Q)protoc-c --proto_path=src --c_out=$(O)/src $<

# What the flame graph carries with it, as C strings.
$(O)/src/%.inc: src/%
	$(call say,INC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $< > $@

$(O)/src/%.pb-c.o: $(O)/src/%.pb-c.c $(O)/flags
	$(call say,CC,$@)
	$(Q)$(COMPILE) -c $< -o $@

$(O)/%.bpf.o: bpf/%.bpf.c $(O)/flags
	$(call say,BPF,$@)
	$(Q)mkdir -p $(O)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $(@:.o=.tmp.o) -MF $(@:.o=.d) -MT $@
	$(Q)$(BPFTOOL) gen object $@ $(@:.o=.tmp.o)

# A skeleton keeps its time when its bytes stay: what includes it is then up to date.
$(O)/%.skel.stamp: $(O)/%.bpf.o
	$(call say,SKEL,$(O)/$*.skel.h)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $(O)/$*.skel.new
	$(Q)if cmp -s $(O)/$*.skel.new $(O)/$*.skel.h; then rm $(O)/$*.skel.new; \
		else mv $(O)/$*.skel.new $(O)/$*.skel.h; fi
	$(Q)touch $@

$(O)/%.skel.h: $(O)/%.skel.stamp ;

# Always asked: its own run of make knows what it depends on.
ifneq ($(SMALL),1)
.PHONY: $(O)/small/pfstat
$(O)/small/pfstat:
	$(Q)$(MAKE) --no-print-directory SMALL=1 $@
endif

# scdoc begins a paragraph behind each heading, too, which mandoc's lint calls empty.
define TIDY_MAN
/^\.P$$/ { paragraph = 1; next }
/^\.RE/ { print; heading = 0; next }
paragraph && !heading && !/^\.(SH|SS)/ { print ".P" }
{ paragraph = 0; heading = /^\.(SH|SS|TH)/; print }
endef
export TIDY_MAN

$(O)/pfstat.1: man/pfstat.1.scd
	$(call say,MAN,$@)
	$(Q)mkdir -p $(O)
	$(Q)scdoc < $< | awk "$$TIDY_MAN" > $@

include tests/tests.mk

.PHONY: demo
demo: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/demo $(O)

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

# What a .d file names may have moved since. The .d files themselves are made by compiling.
DEPENDS += $(wildcard $(O)/*.d) $(patsubst %.c,$(O)/%.d,$(SOURCES))
src/%.c tests/%.c: ;
$(DEPENDS): ;
-include $(DEPENDS)
