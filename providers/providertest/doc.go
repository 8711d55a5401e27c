// Package providertest is the contract suite that every provider passes: Run drives a provider against the fake
// platform of a Harness and checks what providers.Provider promises, on good days and under each fault that the
// platform can show.
//
// It owns the promises as tests; it knows no platform. Fake platforms are in its subfolders. Only tests import it.
package providertest
