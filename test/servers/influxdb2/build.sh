#!/usr/bin/env bash
# Compiles InfluxDB 2.7.12 from the Go and Cargo registries into FOLDER/influxd: about 130 MB, and some minutes once.
# Needs Go, Rust and a C compiler, each with the registries that the user has set for it.
#
# usage: build.sh FOLDER
set -euo pipefail
mkdir -p "$1"
out=$(cd "$1" && pwd)
src=$(mktemp -d)
trap 'rm -rf "$src"' EXIT
cd "$src"

# The command of InfluxDB's own repository embeds a user interface that no registry has; this one is without it.
cat > main.go <<'GO'
package main

import (
	"context"
	"log"

	"github.com/influxdata/influxdb/v2"
	"github.com/influxdata/influxdb/v2/cmd/influxd/launcher"
	_ "github.com/influxdata/influxdb/v2/tsdb/engine/tsm1"
	_ "github.com/influxdata/influxdb/v2/tsdb/index/tsi1"
	"github.com/spf13/viper"
)

func main() {
	influxdb.SetBuildInfo("v2.7.12", "none", "2025-01-01T00:00:00Z")
	command, err := launcher.NewInfluxdCommand(context.Background(), viper.New())
	if err == nil {
		err = command.Execute()
	}
	if err != nil {
		log.Fatal(err)
	}
}
GO
cat > go.mod <<'MOD'
module influxd

go 1.23.0

require (
	github.com/influxdata/influxdb/v2 v2.7.12
	github.com/spf13/viper v1.6.1
)

replace github.com/nats-io/nats-streaming-server v0.11.2 => github.com/influxdata/nats-streaming-server v0.11.3-0.20201112040610-c277f7560803
MOD

# Influx's own pkg-config has cargo build the part in Rust while Go compiles. That code is older than today's lints.
cat > rustc-wrapper <<'SH'
#!/bin/sh
rustc=$1
shift
exec "$rustc" "$@" --cap-lints warn
SH
chmod +x rustc-wrapper
export GOFLAGS=-buildvcs=false
GOBIN="$src/bin" go install github.com/influxdata/pkg-config@v0.2.14

export PATH="$src/bin:$PATH" RUSTC_WRAPPER="$src/rustc-wrapper" RUSTUP_TOOLCHAIN=stable CGO_ENABLED=1
# It need not be the quickest.
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1
export GOFLAGS='-buildvcs=false -mod=mod'
# It also looks for what tests of those modules need, and some of that is nowhere.
go mod tidy > tidy.log 2>&1 || true
go build -tags sqlite_foreign_keys,sqlite_json -o "$out/influxd" .
