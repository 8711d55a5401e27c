package device

import (
	"math/rand/v2"
	"time"
)

// Bounds of the pause between two connects.
const (
	firstPause = 350 * time.Millisecond
	maxPause   = 8 * time.Second
)

// backoff is how often connecting has failed in a row.
type backoff int

// next is the pause before the next try: longer each time, and a little different, so that all the devices of a gateway
// that comes back do not come at once.
func (b *backoff) next() time.Duration {
	pause := float64(firstPause)
	for range *b {
		pause = min(pause*1.7, float64(maxPause))
	}
	*b++
	return time.Duration(pause * (0.8 + 0.2*rand.Float64()))
}
