package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/clawdbot/gateway/actors/backup"
	"github.com/clawdbot/gateway/actors/config"
)

// passphraseVar is the environment variable with the passphrase of backups.
const passphraseVar = "CLAWDBOT_BACKUP_PASSPHRASE"

// backupTries is how often a backup is begun anew because a conversation was deleted while it was made.
const backupTries = 3

func (a *app) backupCommand() *cobra.Command {
	var file string
	var encrypt, workspace bool
	c := &cobra.Command{
		Use:   "backup FILE|-",
		Short: "Write all that the gateway keeps into one file, also while it runs",
		Long: "Write all that the gateway keeps into one file, also while it runs: conversations, what waits, schedules, pairings, configuration,\n" +
			"credentials, and the attachments that something refers to. Without a passphrase the file has your credentials in plain text.\n" +
			"The passphrase is asked for with --encrypt, or read from --passphrase-file or " + passphraseVar + ".",
		Example: "  clawdbot backup ~/clawdbot-$(date +%F).tar.gz.age --encrypt\n  clawdbot backup - | ssh host 'cat > clawdbot.tar.gz'",
		Args:    oneArg("FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			phrase, err := a.passphrase(file, encrypt, true)
			if err != nil {
				return err
			}
			return a.backup(c.Context(), args[0], a.places(workspace), phrase)
		},
	}
	c.Flags().BoolVar(&encrypt, "encrypt", false, "ask for a passphrase, and encrypt the file with it")
	c.Flags().StringVar(&file, "passphrase-file", "", "file whose first line is the passphrase")
	c.Flags().BoolVar(&workspace, "workspace", false, "the agent's workspace, too")
	c.AddCommand(a.backupVerifyCommand())
	return c
}

// places are the directories of this profile.
func (a *app) places(workspace bool) backup.Places {
	env := a.env()
	p := backup.Places{StateDir: env.StateDir, ConfigPath: env.ConfigPath, Credentials: env.OAuthDir, Agent: env.AgentDir}
	if workspace {
		if doc := config.Read(env.ConfigPath, a.getenv); doc.Config != nil {
			p.Workspace = env.ExpandHome(doc.Config.Agent.Workspace)
		}
	}
	return p
}

func (a *app) backup(ctx context.Context, to string, p backup.Places, phrase string) error {
	if _, err := os.Stat(p.StateDir); err != nil {
		return fmt.Errorf("there is nothing to back up: %w", err)
	}
	v, _ := buildInfo()
	o := backup.Options{Places: p, Version: v, Passphrase: phrase}
	if to == "-" {
		m, err := backup.Write(ctx, o, a.out)
		if err == nil {
			a.backedUp(m, "", phrase)
		}
		return err
	}
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("%s is there already: name a new file", to)
	}
	o.Scratch = filepath.Dir(to)
	var m *backup.Manifest
	err := fs.ErrNotExist
	for try := 0; try < backupTries && errors.Is(err, fs.ErrNotExist); try++ {
		m, err = backupInto(ctx, to, o)
	}
	if err == nil {
		a.backedUp(m, to, phrase)
	}
	return err
}

// backupInto writes a file that is there whole, or not at all.
func backupInto(ctx context.Context, to string, o backup.Options) (m *backup.Manifest, err error) {
	f, err := os.CreateTemp(filepath.Dir(to), ".clawdbot-backup-*") // mode 0600
	if err != nil {
		return nil, err
	}
	m, err = backup.Write(ctx, o, f)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), to)
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(f.Name()))
	}
	return m, nil
}

// backedUp says what there is now. It is on stderr: the backup may be on stdout.
func (a *app) backedUp(m *backup.Manifest, to, phrase string) {
	var size int64
	for _, e := range m.Files {
		size += e.Size
	}
	fmt.Fprintf(a.err, "Backed up: %d files, %d MB, schema version %d.\n", len(m.Files), (size+1<<20-1)>>20, m.Schema)
	if len(m.Skipped) > 0 {
		fmt.Fprintf(a.err, "Left out, being no files: %s\n", oneLine(strings.Join(m.Skipped, ", ")))
	}
	if phrase == "" {
		fmt.Fprintln(a.err, "It is not encrypted, and your credentials are in it: keep it as you keep them.")
	}
	if to != "" {
		fmt.Fprintln(a.out, to)
	}
}

func (a *app) backupVerifyCommand() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "verify [FILE|-]",
		Short: "Check that a backup is whole and would work, or without a file, that what the gateway keeps is consistent",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				if err := backup.Check(c.Context(), a.env().StateDir, ""); err != nil {
					return err
				}
				_, err := fmt.Fprintf(a.out, "%s is consistent.\n", a.env().StateDir)
				return err
			}
			in, phrase, err := a.openBackup(args[0], file)
			if err != nil {
				return err
			}
			defer in.Close()
			m, err := backup.Verify(c.Context(), in, phrase, "")
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, "It is whole: made %s by %s on %s, %d files, schema version %d.\n",
				m.Made.Local().Format(time.DateTime), oneLine(m.Version), oneLine(m.Host), len(m.Files), m.Schema)
			return err
		},
	}
	c.Flags().StringVar(&file, "passphrase-file", "", "file whose first line is the passphrase")
	return c
}

func (a *app) restoreCommand() *cobra.Command {
	var file string
	var o backup.RestoreOptions
	var workspace bool
	c := &cobra.Command{
		Use:   "restore FILE|-",
		Short: "Put a backup back, with the gateway stopped",
		Long: "Put a backup back, with the gateway stopped. It is unpacked beside the state directory and proven first: checksums, database, what\n" +
			"that refers to. What is there is moved aside, with --force only, and kept.\n\n" +
			"Messages that were to be sent when the backup was made may have been sent since: they are held until clawdbot outbox retry or drop\n" +
			"says what happens to each, unless --deliver has them sent when the gateway starts.",
		Args: oneArg("FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			in, phrase, err := a.openBackup(args[0], file)
			if err != nil {
				return err
			}
			defer in.Close()
			done, err := backup.Restore(c.Context(), in, phrase, a.places(workspace), o, time.Now())
			if err != nil {
				return err
			}
			a.restored(done, o)
			return nil
		},
	}
	c.Flags().BoolVar(&o.Force, "force", false, "move aside what is there")
	c.Flags().BoolVar(&o.Deliver, "deliver", false, "send what was to be sent then, also where that has happened since")
	c.Flags().BoolVar(&workspace, "workspace", false, "the agent's workspace, too, if the backup has it")
	c.Flags().StringVar(&file, "passphrase-file", "", "file whose first line is the passphrase")
	return c
}

func (a *app) restored(done *backup.Restored, o backup.RestoreOptions) {
	m := done.Manifest
	fmt.Fprintf(a.out, "Restored to %s as of %s.\n", a.env().StateDir, m.Made.Local().Format(time.DateTime))
	for _, path := range done.Aside {
		fmt.Fprintf(a.out, "What was there is in %s\n", path)
	}
	switch {
	case done.Held > 0:
		fmt.Fprintf(a.out, "%s to be sent then. They are held, as they may have been sent since:\n"+
			"  clawdbot outbox list --state ambiguous   shows them, once the gateway runs\n"+
			"  clawdbot outbox retry ID...              sends them\n"+
			"  clawdbot outbox drop ID...               gives them up\n", count(done.Held, "message was", "messages were"))
	case o.Deliver && m.Queued > 0:
		fmt.Fprintf(a.out, "%s to be sent then, and will be when the gateway starts, also where that happened before.\n", count(m.Queued, "message was", "messages were"))
	}
	if m.Open > 0 {
		fmt.Fprintf(a.out, "%s not ended then. They go on when the gateway starts, also where that happened before.\n", count(m.Open, "turn of the agent had", "turns of the agent had"))
	}
}

// openBackup opens an archive and finds the passphrase, if it needs one.
func (a *app) openBackup(name, passphraseFile string) (io.ReadCloser, string, error) {
	var in io.ReadCloser
	if name == "-" {
		in = io.NopCloser(a.in)
	} else {
		f, err := os.Open(name)
		if err != nil {
			return nil, "", err
		}
		in = f
	}
	r := bufio.NewReader(in)
	phrase, err := "", error(nil)
	if backup.Encrypted(r) {
		if phrase, err = a.passphrase(passphraseFile, name != "-", false); err == nil && phrase == "" {
			err = fmt.Errorf("%w: --passphrase-file, or %s", backup.ErrPassphrase, passphraseVar)
		}
	}
	if err != nil {
		return nil, "", errors.Join(err, in.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{r, in}, phrase, nil
}

// passphrase reads it from where it is. ask: a person may be asked, twice for a new one.
func (a *app) passphrase(file string, ask, fresh bool) (string, error) {
	if file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		line, _, _ := strings.Cut(string(b), "\n")
		if line = strings.TrimRight(line, "\r"); line == "" {
			return "", fmt.Errorf("%s: its first line, the passphrase, is empty", file)
		}
		return line, nil
	}
	if v := a.getenv(passphraseVar); v != "" {
		return v, nil
	}
	if !ask {
		return "", nil
	}
	in, ok := a.in.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return "", fmt.Errorf("nobody can be asked for the passphrase here: use --passphrase-file or %s", passphraseVar)
	}
	read := func(question string) (string, error) {
		fmt.Fprint(a.err, question)
		b, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(a.err)
		return string(b), err
	}
	phrase, err := read("Passphrase: ")
	if err == nil && fresh {
		again := ""
		if again, err = read("Once more: "); err == nil && again != phrase {
			err = errors.New("these are two different passphrases")
		}
	}
	if err == nil && phrase == "" {
		err = errors.New("the passphrase is empty")
	}
	return phrase, err
}
