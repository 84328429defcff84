// Registry is the CNCF's image registry with the one storage that the lab needs: a folder. All of upstream's cloud
// storages together would take longer to build than the rest of it.
package main

import (
	"os"

	"github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
)

func main() {
	if err := registry.RootCmd.Execute(); err != nil {
		os.Exit(1)
	}
}
