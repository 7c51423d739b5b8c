//go:build critest

// Package critest names the packages that critest's own test package imports: `go mod tidy` looks at the tests of
// direct dependencies only, and cmd/critest consists of nothing but a test.
package critest

import _ "sigs.k8s.io/cri-tools/pkg/validate"
