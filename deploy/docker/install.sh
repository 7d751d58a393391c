#!/bin/sh
# Installs the program with these extras into /opt/sentiment: without what trains, which is half of the
# size, and without what tests and debugs the libraries; with its bytecode, for a quick start.
set -eu
program=/opt/sentiment/bin
"$program/pip" install --no-cache-dir --no-compile --constraint constraints.txt ".${1:+[$1]}"
"$program/pip" uninstall --yes scikit-learn scipy narwhals threadpoolctl pip
libraries=$("$program/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
find "$libraries" -type d \( -name test -o -name tests \) -prune -exec rm -r {} +
strip --strip-debug "$libraries"/uvloop/*.so
"$program/python" -m compileall -q "$libraries"
