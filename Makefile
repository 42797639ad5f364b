# Makefile of faultline: one file, quiet lines (V=1 shows commands), `make help`.
#
# FLAVOUR is release (default), asan, tsan or dev; each has a folder of its own under build/.

FLAVOUR ?= release
BUILD   := build/$(FLAVOUR)
PREFIX  ?= /usr/local
DESTDIR ?=
V       ?= 0
Q       := $(if $(filter 1,$(V)),,@)
say      = $(if $(filter 1,$(V)),,@printf '  %-5s %s\n' $(1) $(2))

CC      ?= gcc
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-format-truncation
CFLAGS_release := -O2 -g
CFLAGS_dev     := -O1 -g -Werror
CFLAGS_asan    := -O1 -g -Werror -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
CFLAGS_tsan    := -O1 -g -Werror -fsanitize=thread
CFLAGS  ?=
VERSION := $(shell cat VERSION 2>/dev/null || echo 0.1.0)
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -I. -DFAULTLINE_VERSION='"$(VERSION)"' -MMD -MP -pthread \
             $(WARN) $(CFLAGS_$(FLAVOUR)) $(CFLAGS)
SANITIZE = $(filter -fsanitize=%,$(CFLAGS_$(FLAVOUR)))

# ---- rooms: each folder of sources becomes one archive ----------------------------------
ROOMS := base reference/protocol reference/service reference/node reference/client reference/sim \
         systems workloads chaos chaos/agent harness checkers results
# Rooms whose folders belong to the same archive (the others' folders are rooms of their own).
NESTED := checkers harness results
room_sources = $(filter-out %_main.c,$(wildcard $(1)/*.c $(if $(filter $(1),$(NESTED)),$(1)/*/*.c)))
room_archive = $(BUILD)/$(subst /,-,$(1)).a
objects      = $(patsubst %.c,$(BUILD)/%.o,$(1))

ARCHIVES := $(foreach r,$(ROOMS),$(if $(call room_sources,$(r)),$(call room_archive,$(r))))
define ROOM
$(call room_archive,$(1)): $(call objects,$(call room_sources,$(1)))
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $(AR) rcs $$@ $$^
endef
$(foreach r,$(ROOMS),$(if $(call room_sources,$(r)),$(eval $(call ROOM,$(r)))))

PROGRAMS := $(BUILD)/faultline $(BUILD)/faultline-node $(BUILD)/faultline-agent
LIBRARY  := $(BUILD)/libfaultline-check.a
HARNESS_LIBS := -lssh -lsqlite3 -lcurl -lhiredis -ljansson -llua5.4 -lm
NODE_LIBS    := -Wl,-Bstatic -luv_a -lhiredis -Wl,-Bdynamic -lm -ldl -lrt

.DEFAULT_GOAL := all
all: $(PROGRAMS) $(LIBRARY)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -c $< -o $@

archives_of = $(foreach r,$(1),$(filter $(call room_archive,$(r)),$(ARCHIVES)))

$(BUILD)/faultline: $(BUILD)/harness/faultline_main.o $(ARCHIVES)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(HARNESS_LIBS) -Wl,-Bstatic -luv_a -Wl,-Bdynamic -ldl -lrt -o $@

NODE_ROOMS := reference/node reference/service reference/protocol base
$(BUILD)/faultline-node: $(BUILD)/reference/node/node_main.o $(call archives_of,$(NODE_ROOMS))
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(NODE_LIBS) -o $@

# The agent runs on whatever host there is: it needs no library of the host.
AGENT_ROOMS := chaos/agent base
AGENT_LIBS  := $(if $(SANITIZE),,-static)
$(BUILD)/faultline-agent: $(BUILD)/chaos/agent/agent_main.o $(call archives_of,$(AGENT_ROOMS))
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(AGENT_LIBS) -o $@

# The checkers for other programs: one object of all that is needed, in which only the names of
# include/faultline-check.h can be seen.
$(LIBRARY): $(call archives_of,results checkers base)
	$(call say,AR,$@)
	$(Q)$(LD) -r -u faultline_check_new -o $(BUILD)/faultline-check.o --start-group $^ --end-group
	$(Q)objcopy --wildcard --keep-global-symbol='faultline_*' $(BUILD)/faultline-check.o
	$(Q)rm -f $@ && $(AR) rcs $@ $(BUILD)/faultline-check.o

# ---- tests: tests/**/test_*.c, each a program of cmocka ----------------------------------
TEST_SOURCES  := $(shell find tests -name 'test_*.c' 2>/dev/null | sort)
TEST_SUPPORT  := $(shell find tests -name '*.c' ! -name 'test_*.c' ! -name '*_main.c' ! -path 'tests/fuzz/*' 2>/dev/null | sort)
TEST_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(TEST_SOURCES))

$(BUILD)/tests-support.a: $(call objects,$(TEST_SUPPORT))
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(ARCHIVES) $(if $(TEST_SUPPORT),$(BUILD)/tests-support.a)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(HARNESS_LIBS) -lcmocka -Wl,-Bstatic -luv_a -Wl,-Bdynamic -ldl -lrt -o $@

# Programs for benches and proofs: tests/**/NAME_main.c
EXTRA_SOURCES  := $(shell find tests -name '*_main.c' 2>/dev/null | sort)
EXTRA_PROGRAMS := $(patsubst %_main.c,$(BUILD)/%,$(EXTRA_SOURCES))
$(EXTRA_PROGRAMS): $(BUILD)/%: $(BUILD)/%_main.o $(ARCHIVES) $(if $(TEST_SUPPORT),$(BUILD)/tests-support.a)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(HARNESS_LIBS) -lcmocka -Wl,-Bstatic -luv_a -Wl,-Bdynamic -ldl -lrt -o $@

test-programs: $(TEST_PROGRAMS) $(EXTRA_PROGRAMS)

# ---- what people type ---------------------------------------------------------------------
JOBS ?= $(shell nproc)
remake = $(MAKE) --no-print-directory -j$(JOBS)

## demo: install what is missing, build, torture a five-node store for 30 s, judge it (root)
demo:
	@tools/deps.sh demo
	@$(remake) all
	@$(BUILD)/faultline run --system reference --workload register --faults partition,kill,pause --time 30

## test: install what is missing, build, check the layers, run all tests
test:
	@tools/deps.sh test
	@$(remake) all test-programs
	@tools/layers.sh && tools/purity.sh $(BUILD)
	@FAULTLINE_BUILD=$(BUILD) tools/test.sh $(TEST_PROGRAMS)

## bugs: every planted bug must be caught as the anomaly its table names
bugs:
	@$(remake) $(BUILD)/tests/reference/bugs
	@$(BUILD)/tests/reference/bugs

## bench: throughput of the harness and the store, lab up time, check time (root for the lab)
bench:
	@tools/deps.sh test
	@$(remake) all test-programs
	@FAULTLINE_BUILD=$(BUILD) tools/bench.sh

## fuzz: libFuzzer on every reader of foreign bytes, FUZZ_SECONDS=60 each (tools/fuzz.sh tells more)
FUZZ_SECONDS ?= 60
fuzz:
	@tools/deps.sh fuzz
	@tools/fuzz.sh $(FUZZ_SECONDS)

## lint: layers, purity, headers, layout, scripts, man pages
lint:
	@tools/deps.sh lint || true
	@$(remake) all
	@tools/layers.sh && tools/purity.sh $(BUILD) && tools/style.sh

## format: let clang-format lay out all sources
format:
	@git ls-files '*.c' '*.h' | xargs clang-format -i

## check-asan, check-tsan: the tests with sanitizers
check-asan:
	@$(MAKE) --no-print-directory FLAVOUR=asan test
check-tsan:
	@$(MAKE) --no-print-directory FLAVOUR=tsan test

## install: programs, man pages and documents below PREFIX (and DESTDIR)
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/faultline \
	           $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PREFIX)/share/man/man1 \
	           $(DESTDIR)$(PREFIX)/share/man/man3 $(DESTDIR)$(PREFIX)/share/doc/faultline/examples
	install -m 755 $(BUILD)/faultline $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(BUILD)/faultline-node $(BUILD)/faultline-agent $(DESTDIR)$(PREFIX)/lib/faultline/
	install -m 644 $(LIBRARY) $(DESTDIR)$(PREFIX)/lib/
	install -m 644 $(wildcard include/*.h) $(DESTDIR)$(PREFIX)/include/
	install -m 644 $(wildcard docs/man/*.1) $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 $(wildcard docs/man/*.3) $(DESTDIR)$(PREFIX)/share/man/man3/
	install -m 644 $(wildcard docs/examples/*) $(DESTDIR)$(PREFIX)/share/doc/faultline/examples/
	install -m 644 README.md CHANGELOG.md LICENSE $(wildcard docs/*.md) $(DESTDIR)$(PREFIX)/share/doc/faultline/

## uninstall: take away what install put there
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/faultline $(DESTDIR)$(PREFIX)/share/man/man1/faultline*.1
	rm -rf $(DESTDIR)$(PREFIX)/lib/faultline $(DESTDIR)$(PREFIX)/share/doc/faultline
	rm -f $(DESTDIR)$(PREFIX)/lib/libfaultline-check.a $(DESTDIR)$(PREFIX)/include/faultline-*.h \
	      $(DESTDIR)$(PREFIX)/share/man/man3/faultline*.3

## clean: remove all that was built
clean:
	rm -rf build

## help: this list
help:
	@echo 'usage: make [TARGET] [FLAVOUR=release|dev|asan|tsan] [V=1]'
	@sed -n 's/^## \([^:]*\): /  \1\t/p' Makefile | expand -t 26
	@echo '  (nothing)               build the programs in build/$(FLAVOUR)/'

# Embedded files (results/drawing/embed.h) are no includes, so make must be told.
$(BUILD)/results/drawing/plots.o: $(wildcard results/drawing/plots/*.gp)
$(BUILD)/results/drawing/report.o: results/drawing/report.css
$(BUILD)/results/store/store_file.o: results/store/schema.sql

.PHONY: all demo test test-programs bugs bench fuzz lint format check-asan check-tsan install \
        uninstall clean help
.SECONDARY:

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
