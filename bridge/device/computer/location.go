package computer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Location is where a computer says that it is.
type Location struct {
	Lat, Lon float64 // degrees
	Accuracy float64 // metres
}

// defaultAccuracy is that of coordinates somebody has read off a map, in metres.
const defaultAccuracy = 50

// ParseLocation reads "LAT,LON" or "LAT,LON,METRES".
func ParseLocation(s string) (*Location, error) {
	parts := strings.Split(s, ",")
	if len(parts) != 2 && len(parts) != 3 {
		return nil, errors.New("a location looks like 52.5163,13.3777 or 52.5163,13.3777,30 (latitude, longitude, metres)")
	}
	var n [3]float64
	n[2] = defaultAccuracy
	for i, p := range parts {
		v, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%q in a location is no number", strings.TrimSpace(p))
		}
		n[i] = v
	}
	l := &Location{Lat: n[0], Lon: n[1], Accuracy: n[2]}
	if math.Abs(l.Lat) > 90 || math.Abs(l.Lon) > 180 || l.Accuracy <= 0 {
		return nil, errors.New("a latitude is -90 to 90, a longitude -180 to 180, an accuracy more than 0 metres")
	}
	return l, nil
}

// LocationFix is the answer of location.get.
type LocationFix struct {
	Lat            float64 `json:"lat"`
	Lon            float64 `json:"lon"`
	AccuracyMeters float64 `json:"accuracyMeters"`
	Timestamp      string  `json:"timestamp"` // UTC
	IsPrecise      bool    `json:"isPrecise"`
	Source         string  `json:"source"`
}

func (c *Computer) locationReady() error {
	if c.o.Location == nil {
		return refuse(unavailable, "LOCATION_DISABLED: this computer was not told where it is; its owner starts it with --location")
	}
	return nil
}

// coarse is how exactly a position is told to who wants it coarse: two decimals are about a kilometre.
const coarse = 1000

func (c *Computer) locationGet(_ context.Context, params []byte) (any, error) {
	p := decodeOr[struct {
		DesiredAccuracy string `json:"desiredAccuracy"`
	}](params)
	fix := LocationFix{
		Lat: c.o.Location.Lat, Lon: c.o.Location.Lon, AccuracyMeters: c.o.Location.Accuracy, Timestamp: time.Now().UTC().Format(time.RFC3339),
		IsPrecise: true, Source: "configured",
	}
	if p.DesiredAccuracy == "coarse" {
		fix.Lat, fix.Lon = math.Round(fix.Lat*100)/100, math.Round(fix.Lon*100)/100
		fix.AccuracyMeters, fix.IsPrecise = max(fix.AccuracyMeters, coarse), false
	}
	return fix, nil
}
