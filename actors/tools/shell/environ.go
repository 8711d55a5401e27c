package shell

// passed are the variables of the gateway that a command gets. All others may be secrets.
var passed = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_TIME", "LC_NUMERIC", "LC_COLLATE", "LC_MESSAGES", "TZ", "TMPDIR", "TEMP", "TMP", "HOSTNAME", "SystemRoot", "APPDATA", "LOCALAPPDATA", "USERPROFILE",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSH_AUTH_SOCK", "DISPLAY", "WAYLAND_DISPLAY",
	"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_DATA_DIRS", "XDG_CONFIG_DIRS", "XDG_SESSION_TYPE",
	"GOPATH", "GOBIN", "GOROOT", "GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS", "GOTOOLCHAIN", "JAVA_HOME", "ANDROID_HOME", "CARGO_HOME", "RUSTUP_HOME",
	"NVM_DIR", "NODE_PATH", "NPM_CONFIG_PREFIX", "PNPM_HOME", "BUN_INSTALL", "PYENV_ROOT", "VIRTUAL_ENV", "CONDA_PREFIX", "UV_TOOL_DIR", "HOMEBREW_PREFIX",
}

// quiet are set for every command: nobody is there who could answer a question or turn a page.
var quiet = []string{"TERM=dumb", "PAGER=cat", "GIT_PAGER=cat", "GIT_TERMINAL_PROMPT=0", "DEBIAN_FRONTEND=noninteractive"}

// environ is the environment of a command: what is passed on of the gateway's, with the names in more; then extra, and what is
// to be set.
func environ(lookup func(string) (string, bool), more, extra []string, set map[string]string) []string {
	var env []string
	for _, names := range [][]string{passed, more} {
		for _, name := range names {
			if v, ok := lookup(name); ok && name != "" {
				env = append(env, name+"="+v)
			}
		}
	}
	env = append(append(env, quiet...), extra...)
	for name, value := range set {
		env = append(env, name+"="+value) // the last of two counts
	}
	return env
}
