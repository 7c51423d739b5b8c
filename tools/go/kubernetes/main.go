// Every Kubernetes and etcd program of the cluster in one binary, which becomes the program it is called as.
//
// Apart they weigh 539 MiB, since each carries the same libraries; together 140. A host gets the binary once and
// a link for each name.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// name the binary has when nobody renamed it; it then takes the program from its first argument.
const ownName = "kubernetes"

// A program runs with os.Args already set as if it were alone, and returns its exit code.
type program func() int

var programs = map[string]program{
	"etcd":                    etcd,
	"etcdctl":                 etcdctl,
	"kube-apiserver":          apiServer,
	"kube-controller-manager": controllerManager,
	"kube-proxy":              proxy,
	"kube-scheduler":          scheduler,
	"kubectl":                 kubectl,
	"kubelet":                 kubelet,
	"metrics-server":          metricsServer,
}

func main() {
	name := filepath.Base(os.Args[0])
	if _, known := programs[name]; !known && len(os.Args) > 1 {
		name = os.Args[1]
		os.Args = os.Args[1:]
	}
	run, known := programs[name]
	if !known {
		fmt.Fprintf(os.Stderr, "%s: no program of this name\nusage: %s PROGRAM [ARGUMENT…], or a link named like one of: %v\n",
			name, ownName, slices.Sorted(maps.Keys(programs)))
		os.Exit(2)
	}
	os.Exit(run())
}
