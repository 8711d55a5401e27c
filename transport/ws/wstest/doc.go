// Package wstest compares what a server answered to broken frames with the table of what it has to answer
// (transport/ws/testdata/badframes.json). Only tests import it.
package wstest
