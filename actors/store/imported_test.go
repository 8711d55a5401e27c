package store

import (
	"strings"
	"testing"
)

func TestImportLine_isOlderThanWhatIsSaid(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	long := `"` + strings.Repeat("x", maxInline) + `"`
	add := func(text string, imported bool) {
		write(t, s, func(tx *Tx) error {
			l := Line{SessionID: "s", Role: "user", Message: []byte(text), At: 1}
			if imported {
				return tx.ImportLine(l)
			}
			return tx.AppendLine(l)
		})
	}
	write(t, s, (*Tx).MakeRoom)
	add(`1`, true)
	add(`4`, false)
	write(t, s, (*Tx).MakeRoom) // at the next start: nothing changes
	add(`2`, true)
	add(long, true)
	add(`5`, false)

	var got []string
	read(t, s, func(v *View) error {
		lines, err := v.History("s", 10)
		for _, l := range lines {
			got = append(got, string(l.Message))
		}
		return err
	})
	equal(t, "order", got, []string{`1`, `2`, long, `4`, `5`})
}

func TestImportCronRun_isOlderAndOnce(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	write(t, s, (*Tx).MakeRoom)
	write(t, s, func(tx *Tx) error {
		return tx.AddCronRun(CronRun{ID: "own", JobID: "j", RunAt: 9, Detail: []byte(`{}`), Status: "ok"})
	})
	for _, want := range []bool{true, false} {
		write(t, s, func(tx *Tx) error {
			fresh, err := tx.ImportCronRun(CronRun{ID: ImportedRun + "old", JobID: "j", RunAt: 7, Status: "ok"})
			equal(t, "fresh", fresh, want)
			return err
		})
	}
	read(t, s, func(v *View) error {
		runs, err := v.CronRuns("j", 10)
		if err != nil {
			return err
		}
		if len(runs) != 2 || runs[0].ID != "own" || runs[1].ID != ImportedRun+"old" {
			t.Errorf("runs %+v", runs)
		}
		at, err := v.CronRunTimes("j")
		equal(t, "own times", at, []int64{9})
		news, _ := v.CronNews()
		if len(news) != 1 || news[0].ID != "own" {
			t.Errorf("news %+v", news)
		}
		return err
	})
}

func TestBucket(t *testing.T) {
	t.Parallel()
	s := startStore(t, Options{})
	write(t, s, func(tx *Tx) error {
		return firstError(tx.Put("b", "2", []byte("x")), tx.Put("b", "1", nil), tx.Put("c", "1", nil))
	})
	count := func(bucket string) (n int) {
		read(t, s, func(v *View) error {
			ps, err := v.Bucket(bucket)
			n = len(ps)
			return err
		})
		return n
	}
	equal(t, "pairs", count("b"), 2)
	write(t, s, func(tx *Tx) error { return tx.DropBucket("b") })
	equal(t, "pairs after", count("b"), 0)
	equal(t, "of another bucket", count("c"), 1)
}
