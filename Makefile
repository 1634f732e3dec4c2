# Two commands do all the set-up on Debian 12 with Swift 6.3: `make run` and `make test`.

VENV := .build/venv
PYTHON_PACKAGES := confluent-kafka==2.15.0 kafka-python==3.0.12 aiokafka==0.14.0 cramjam==2.14.0 lz4==4.4.5 zstandard==0.25.0

.PHONY: run build deps test-deps test check generate clean

run: build
	.build/release/soma dev $(ARGS)

build: deps
	swift build -c release --product soma

deps:
	@deploy/install-packages deploy/packages.txt

test-deps: deps
	@deploy/install-packages deploy/packages-test.txt
	@if [ -n "$$KAFKA_HOME" ] && ! command -v java >/dev/null; then echo openjdk-17-jre-headless | deploy/install-packages /dev/stdin; fi
	@test -x $(VENV)/bin/python || python3 -m venv $(VENV)
	@$(VENV)/bin/python -c 'import confluent_kafka, kafka, aiokafka, cramjam, lz4, zstandard' 2>/dev/null || $(VENV)/bin/pip install -q $(PYTHON_PACKAGES)

test: test-deps
	swift build --build-tests
	SOMA_TEST_PYTHON=$(CURDIR)/$(VENV)/bin/python swift test --skip-build $(TEST_FLAGS)

# The form of the code and of what is generated from data files.
check:
	swift format lint --strict -p -r Package.swift Sources Tests processors connectors
	swift run soma-generate --check
	swift run soma reference --write docs/reference --check

generate:
	swift run soma-generate
	swift run soma reference --write docs/reference

clean:
	rm -rf .build
