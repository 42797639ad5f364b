#!/bin/sh
# deps.sh WHAT - installs the Debian packages that WHAT (build, demo, test, fuzz, lint) needs and
# that are missing. No service is started. Without root it says what to install.
set -eu

build="gcc make pkgconf libc6-dev libuv1-dev libssh-dev libsqlite3-dev libcurl4-openssl-dev
       libhiredis-dev libjansson-dev liblua5.4-dev libxxhash-dev"
hosts="openssh-server openssh-client iproute2 nftables procps"
plots="gnuplot-nox fonts-dejavu-core"
case "${1:-build}" in
build) wanted="$build" ;;
demo) wanted="$build $hosts $plots" ;;
test) wanted="$build $hosts $plots libcmocka-dev etcd-server redis-tools sqlite3
        python3-minimal graphviz" ;;
fuzz) wanted="$build clang libclang-rt-dev" ;;
lint) wanted="$build clang-format shellcheck mandoc" ;;
*) echo "deps.sh: unknown set '$1'; one of build, demo, test, fuzz, lint" >&2; exit 254 ;;
esac

missing=""
for package in $wanted; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
		missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "missing packages:$missing" >&2
	echo "hint: run as root, or: sudo apt-get install$missing" >&2
	exit 1
fi

# While this file exists with exit code 101, Debian starts no service after installing it.
policy=/usr/sbin/policy-rc.d
made_policy=no
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' > "$policy"
	chmod 755 "$policy"
	made_policy=yes
fi
trap '[ "$made_policy" = no ] || rm -f "$policy"' EXIT
echo "installing:$missing"
log=$(mktemp)
install_all() {
	# shellcheck disable=SC2086 # a list of words
	DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
}
if ! install_all > "$log" 2>&1; then
	if ! { apt-get update && install_all; } > "$log" 2>&1; then
		tail -n 20 "$log" >&2
		echo "deps.sh: apt-get could not install:$missing" >&2
		rm -f "$log"
		exit 255
	fi
fi
rm -f "$log"
