package config

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseDotEnv(t *testing.T) {
	t.Parallel()
	vars, bad := parseDotEnv("\ufeffA=1\r\n# c\n\n export B = two words # c\nC='single \\n # kept' # c\nD=\"a\\nb\\\"c\\\\n\"\nE=`x\ny`\nF=\nG=a#b\n" +
		"H= # empty\nI=x=y\nA=2\nnot a line CANARY\n1X=1\nJ=\"open CANARY\nK='x' y\nL=last\tx\t# c")
	want := map[string]string{
		"A": "2", "B": "two words", "C": `single \n # kept`, "D": "a\nb\"c\\n", "E": "x\ny", "F": "", "G": "a#b", "H": "", "I": "x=y", "L": "last\tx",
	}
	if d := cmp.Diff(want, vars); d != "" {
		t.Error(d)
	}
	wantBad := []string{"line 14: is not NAME=value", "line 15: is not NAME=value", "line 16: is not NAME=value", "line 17: is not NAME=value"}
	if d := cmp.Diff(wantBad, bad); d != "" {
		t.Error(d)
	}
}

func TestLoadDotEnv_neverOverrides(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	write(t, a, "SET=file\nEMPTY=file\nBOTH=a\n")
	write(t, b, "BOTH=b\nONLY=b\nbad CANARY\n")
	base := lookup(map[string]string{"SET": "shell", "EMPTY": ""})
	vars, issues := LoadDotEnv(base, a, filepath.Join(dir, "none"), b, dir)
	if d := cmp.Diff(map[string]string{"BOTH": "a", "ONLY": "b"}, vars); d != "" {
		t.Error(d)
	}
	if len(issues) != 2 || issues[0].Path != b || issues[1].Path != dir || strings.Contains(issues[0].String(), "CANARY") {
		t.Errorf("%v", issues)
	}
	all := WithVars(base, vars)
	for name, want := range map[string]string{"SET": "shell", "EMPTY": "", "BOTH": "a", "ONLY": "b"} {
		if got, ok := all(name); got != want || !ok {
			t.Errorf("%s: %q %v", name, got, ok)
		}
	}
	if _, ok := all("NONE"); ok {
		t.Error("NONE is set")
	}
}

func FuzzParseDotEnv(f *testing.F) {
	f.Add("A=1\nB='x\ny'\n")
	f.Add("A=\"\\\"")
	f.Fuzz(func(t *testing.T, text string) {
		vars, _ := parseDotEnv(text)
		for name := range vars {
			if !isVariableName(name) {
				t.Errorf("name %q", name)
			}
		}
	})
}

// The environment, then the file of the working directory, then the one of the state directory, which the first file
// may have named.
func TestDotEnv_precedence(t *testing.T) {
	t.Parallel()
	dir, state := t.TempDir(), t.TempDir()
	write(t, filepath.Join(dir, ".env"), "A=dir\nB=dir\nEMPTY=dir\nCLAWDBOT_STATE_DIR="+state+"\nnonsense\n")
	write(t, filepath.Join(state, ".env"), "A=state\nB=state\nC=state\n")
	env := map[string]string{"A": "environment", "EMPTY": "", "HOME": "/nowhere"}
	lookup, issues := DotEnv(func(name string) (string, bool) { v, ok := env[name]; return v, ok }, dir)
	for name, want := range map[string]string{"A": "environment", "B": "dir", "C": "state", "EMPTY": ""} {
		if got, _ := lookup(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if len(issues) != 1 || issues[0].Path != filepath.Join(dir, ".env") || issues[0].Message != "line 5: is not NAME=value" {
		t.Errorf("%v", issues)
	}
}
