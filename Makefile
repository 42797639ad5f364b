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
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
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
room_sources = $(filter-out %_main.c,$(wildcard $(1)/*.c))
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
HARNESS_LIBS := -lssh -lsqlite3 -lcurl -lhiredis -ljansson -lm
NODE_LIBS    := -Wl,-Bstatic -luv_a -lhiredis -Wl,-Bdynamic -lm -ldl -lrt

.DEFAULT_GOAL := all
all: $(PROGRAMS)

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

AGENT_ROOMS := chaos/agent base
$(BUILD)/faultline-agent: $(BUILD)/chaos/agent/agent_main.o $(call archives_of,$(AGENT_ROOMS))
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group -lm -o $@

# ---- tests: tests/**/test_*.c, each a program of cmocka ----------------------------------
TEST_SOURCES  := $(shell find tests -name 'test_*.c' 2>/dev/null | sort)
TEST_SUPPORT  := $(shell find tests -name '*.c' ! -name 'test_*.c' ! -name '*_main.c' ! -path 'tests/fuzz/*' 2>/dev/null | sort)
TEST_PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(TEST_SOURCES))

$(BUILD)/tests-support.a: $(call objects,$(TEST_SUPPORT))
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(ARCHIVES) $(if $(TEST_SUPPORT),$(BUILD)/tests-support.a)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(HARNESS_LIBS) -lcmocka -Wl,-Bstatic -luv_a -Wl,-Bdynamic -ldl -lrt -o $@

test-programs: $(TEST_PROGRAMS)

.PHONY: all test-programs clean
clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
