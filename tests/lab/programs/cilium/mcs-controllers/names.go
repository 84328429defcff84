// Package controllers stands in for a module of the multi-cluster API that Cilium's operator takes one name from. That
// module cannot be had by itself, and multi-cluster services stay off in the lab.
package controllers

// DerivedServiceAnnotation is the annotation that names the Service made for an imported one.
const DerivedServiceAnnotation = "multicluster.kubernetes.io/derived-service"
