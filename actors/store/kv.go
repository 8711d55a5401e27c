package store

const (
	sqlPut = `INSERT INTO kv (bucket, key, value) VALUES (?, ?, ?) ON CONFLICT (bucket, key) DO UPDATE SET value = excluded.value`
	sqlGet = `SELECT value FROM kv WHERE bucket = ? AND key = ?`
	sqlDel = `DELETE FROM kv WHERE bucket = ? AND key = ?`
)

// Put stores a value under a key of a bucket. A bucket belongs to one package.
func (tx *Tx) Put(bucket, key string, value []byte) error {
	_, err := tx.h.exec(sqlPut, bucket, key, value)
	return wrap("put value", err)
}

// Delete removes a key of a bucket. No such key is no error.
func (tx *Tx) Delete(bucket, key string) error {
	_, err := tx.h.exec(sqlDel, bucket, key)
	return wrap("delete value", err)
}

// Get finds the value of a key and says whether there is one.
func (v *View) Get(bucket, key string) (value []byte, found bool, err error) {
	found, err = v.h.row(sqlGet, []any{bucket, key}, &value)
	return value, found, wrap("get value", err)
}
