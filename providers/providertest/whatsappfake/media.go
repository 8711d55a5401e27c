package whatsappfake

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/proto"

	"github.com/clawdbot/gateway/providers/providertest"
)

// mediaHost is where clients believe media to be; they are made to ask the fake instead.
const mediaHost = "mmg.whatsapp.net"

// What keys are derived for, by the kind of media.
const (
	imageKeys    = "WhatsApp Image Keys"
	videoKeys    = "WhatsApp Video Keys"
	audioKeys    = "WhatsApp Audio Keys"
	documentKeys = "WhatsApp Document Keys"
)

// uploads limits what a client may send, in bytes.
const uploadLimit = 128 << 20

// upload stores an encrypted file. Its name is the hash of what it holds.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, uploadLimit))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.mu.Broadcast()
	if status, faulty := s.uploadFaults.next(func(int) bool { return true }); faulty {
		http.Error(w, http.StatusText(status), status)
		return
	}
	sum := sha256.Sum256(body)
	token := base64.URLEncoding.EncodeToString(sum[:])
	if r.URL.Query().Get("auth") != "fake-media-auth" || !strings.HasSuffix(r.URL.Path, "/"+token) || r.URL.Query().Get("token") != token {
		http.Error(w, "the token is not the file's hash, or the authorization is missing", http.StatusForbidden)
		return
	}
	path := s.keep(body)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{ // the client has gone; nobody to tell
		"url": "https://" + mediaHost + path, "direct_path": path, "object_id": hex.EncodeToString(sum[:8]), "handle": token,
	})
}

// keep stores a blob and returns its direct path. s.mu is held.
func (s *Server) keep(blob []byte) string {
	sum := sha256.Sum256(blob)
	path := "/v/t62.7119-24/" + hex.EncodeToString(sum[:16])
	s.blobs[path] = blob
	return path + "?ccb=11-4&oh=fake"
}

func (s *Server) download(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	blob, ok := s.blobs[r.URL.Path]
	s.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(blob) // the client has gone; nobody to tell
}

// ForgetMedia makes the platform lose every file: a download is answered with 404 from then on. The phones that sent them
// have them still, and upload them again when they are asked.
func (s *Server) ForgetMedia() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.blobs)
}

type mediaKeys struct{ iv, cipher, mac []byte }

func deriveKeys(key []byte, use string) mediaKeys {
	b, err := hkdf.Key(sha256.New, key, nil, use, 112)
	if err != nil {
		panic(err) // 112 bytes is always possible
	}
	return mediaKeys{b[:16], b[16:48], b[48:80]}
}

// sealed is an encrypted file, ready to be put into a message.
type sealed struct {
	blob, key, encHash, hash []byte
	length                   uint64
}

func seal(data []byte, use string) sealed {
	f := sealed{key: randomBytes(32), length: uint64(len(data))}
	k := deriveKeys(f.key, use)
	n := aes.BlockSize - len(data)%aes.BlockSize
	padded := append(bytes.Clone(data), bytes.Repeat([]byte{byte(n)}, n)...)
	cipher.NewCBCEncrypter(newBlock(k.cipher), k.iv).CryptBlocks(padded, padded)
	f.blob = append(padded, k.sign(padded)...)
	sum, enc := sha256.Sum256(data), sha256.Sum256(f.blob)
	f.hash, f.encHash = sum[:], enc[:]
	return f
}

func (k mediaKeys) sign(ciphertext []byte) []byte {
	mac := hmac.New(sha256.New, k.mac)
	mac.Write(k.iv)
	mac.Write(ciphertext)
	return mac.Sum(nil)[:10]
}

func newBlock(key []byte) cipher.Block {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the keys are 32 bytes by construction
	}
	return block
}

// unseal is what a phone does with a downloaded file; hash is the one that the message promised.
func unseal(blob, key, hash []byte, use string) ([]byte, error) {
	if len(blob) < 10+aes.BlockSize || (len(blob)-10)%aes.BlockSize != 0 {
		return nil, errors.New("the file is cut short")
	}
	k := deriveKeys(key, use)
	body := bytes.Clone(blob[:len(blob)-10])
	if !hmac.Equal(k.sign(body), blob[len(blob)-10:]) {
		return nil, errors.New("the file's signature is wrong")
	}
	cipher.NewCBCDecrypter(newBlock(k.cipher), k.iv).CryptBlocks(body, body)
	n := int(body[len(body)-1])
	if n == 0 || n > aes.BlockSize {
		return nil, errors.New("the file's padding is wrong")
	}
	body = body[:len(body)-n]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], hash) {
		return nil, errors.New("the file is not what the message says")
	}
	return body, nil
}

// attach makes a message of a file by its MIME type: an image, a voice note (audio in Ogg), other audio, a video, else a
// document. s.mu is held.
func (s *Server) attach(file providertest.File, caption string, info *waE2E.ContextInfo) *waE2E.Message {
	kind, _, _ := strings.Cut(file.MIME, "/")
	use, ok := map[string]string{"image": imageKeys, "audio": audioKeys, "video": videoKeys}[kind]
	if !ok {
		use = documentKeys
	}
	f := seal(file.Data, use)
	path := s.keep(f.blob)
	onPhone, _, _ := strings.Cut(path, "?")
	s.originals[onPhone] = f.blob
	url := "https://" + mediaHost + path
	var text *string
	if caption != "" {
		text = &caption
	}
	switch use {
	case imageKeys:
		return &waE2E.Message{ImageMessage: &waE2E.ImageMessage{
			URL: &url, DirectPath: &path, MediaKey: f.key, FileEncSHA256: f.encHash, FileSHA256: f.hash, FileLength: &f.length,
			Mimetype: &file.MIME, Caption: text, ContextInfo: info,
		}}
	case audioKeys:
		return &waE2E.Message{AudioMessage: &waE2E.AudioMessage{
			URL: &url, DirectPath: &path, MediaKey: f.key, FileEncSHA256: f.encHash, FileSHA256: f.hash, FileLength: &f.length,
			Mimetype: &file.MIME, PTT: proto.Bool(strings.HasPrefix(file.MIME, "audio/ogg")), ContextInfo: info,
		}}
	case videoKeys:
		return &waE2E.Message{VideoMessage: &waE2E.VideoMessage{
			URL: &url, DirectPath: &path, MediaKey: f.key, FileEncSHA256: f.encHash, FileSHA256: f.hash, FileLength: &f.length,
			Mimetype: &file.MIME, Caption: text, ContextInfo: info,
		}}
	}
	return &waE2E.Message{DocumentMessage: &waE2E.DocumentMessage{
		URL: &url, DirectPath: &path, MediaKey: f.key, FileEncSHA256: f.encHash, FileSHA256: f.hash, FileLength: &f.length,
		Mimetype: &file.MIME, FileName: &file.Name, Title: &file.Name, Caption: text, ContextInfo: info,
	}}
}

// attachment is what every kind of media message has.
type attachment interface {
	GetDirectPath() string
	GetMediaKey() []byte
	GetFileSHA256() []byte
	GetFileEncSHA256() []byte
	GetMimetype() string
}

// fetch decrypts the file of a message that the client has sent. What is wrong with it stands in place of its content.
// s.mu is held.
func (s *Server) fetch(a attachment, name, use string) []providertest.File {
	path, _, _ := strings.Cut(a.GetDirectPath(), "?")
	file := providertest.File{Name: name, MIME: a.GetMimetype()}
	blob, ok := s.blobs[path]
	err := fmt.Errorf("nothing was uploaded at %s", path)
	if sum := sha256.Sum256(blob); ok && !bytes.Equal(sum[:], a.GetFileEncSHA256()) {
		err = errors.New("the encrypted file is not what the message says")
	} else if ok {
		file.Data, err = unseal(blob, a.GetMediaKey(), a.GetFileSHA256(), use)
	}
	if err != nil {
		file.Name, file.Data = "unreadable: "+err.Error(), nil
	}
	return []providertest.File{file}
}
