package metrics

import (
	"slices"
	"sync/atomic"
)

// Table counts by two labels whose values are known at the start. Safe for concurrent use.
type Table struct {
	rows, columns []string
	at            map[string][]atomic.Uint64
}

// NewTable makes a table of these rows, and one for all others, by these columns.
func NewTable(rows, columns []string) *Table {
	t := &Table{
		rows:    slices.Compact(slices.Sorted(slices.Values(append([]string{Other}, rows...)))),
		columns: columns, at: map[string][]atomic.Uint64{},
	}
	for _, row := range t.rows {
		t.at[row] = make([]atomic.Uint64, len(columns))
	}
	return t
}

// Add counts one up. A column that there is not counts nothing.
func (t *Table) Add(row, column string) {
	cells, ok := t.at[row]
	if !ok {
		cells = t.at[Other]
	}
	if i := slices.Index(t.columns, column); i >= 0 {
		cells[i].Add(1)
	}
}

// Write adds a family of this name with a sample for each place of the table. The row Other is left out while it is empty.
func (t *Table) Write(out *Text, name, help, rowLabel, columnLabel string) {
	out.Family(name, Counter, help)
	for _, row := range t.rows {
		cells := t.at[row]
		if row == Other && !slices.ContainsFunc(t.columns, func(c string) bool { return cells[slices.Index(t.columns, c)].Load() > 0 }) {
			continue
		}
		for i, column := range t.columns {
			out.Sample(float64(cells[i].Load()), rowLabel, row, columnLabel, column)
		}
	}
}
