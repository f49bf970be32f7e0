package config

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/text"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
	"github.com/winnow-crm/winnow/rules/words"
)

// Config is the whole configuration. Never tag a field `envconfig:"NAME"`: envconfig would also read the bare NAME.
type Config struct {
	Sources        Sources           `default:"hubspot" desc:"the CRM accounts: hubspot, or names of yours as in eu=hubspot,us=hubspot; each source reads its settings from WINNOW_<NAME>_*"`
	Listen         string            `default:":8080" desc:"listen address for webhooks, at /hooks/<source>"`
	AdminListen    string            `split_words:"true" default:"127.0.0.1:8081" desc:"listen address of the console at /, its API, /livez, /readyz and /metrics; beyond loopback only with WINNOW_ADMIN_TOKEN"`
	AdminToken     connectors.Secret `split_words:"true" desc:"bearer token for the console, its API and /metrics; browsers give it as the password of any user; beyond loopback 16 characters or more, unset is allowed on loopback only"`
	AdminTokens    connectors.Secret `split_words:"true" desc:"more tokens, comma-separated, each with the name under which what is done with it is noted: name:read:token may look, name:act:token may act too; 16 characters or more"`
	PublicURL      string            `split_words:"true" desc:"address under which the CRMs call us, as they sign it, such as https://winnow.example.com, with the path that a gateway puts before /hooks; unset: the scheme and host of each request"`
	TrustedProxies Proxies           `split_words:"true" desc:"addresses or networks of the proxies before us, comma-separated, such as 10.0.0.0/8: what their X-Forwarded-For says tells senders of webhooks apart, so that one does not take the room of all"`
	DataDir        string            `split_words:"true" default:"./winnow-data" desc:"directory of the embedded queue's store; /data in the image"`
	Roles          Roles             `default:"all" desc:"jobs of this process: receive,read,fetch,rate,write,poll; over an embedded store nobody else takes what is left out"`
	Mode           Mode              `default:"advise" desc:"shadow writes nothing, advise writes our own fields, enforce sets the CRM's lead status too"`
	MaxBody        Bytes             `split_words:"true" default:"1MiB" desc:"larger deliveries are answered with 413"`
	Grace          time.Duration     `default:"20s" desc:"time given to work in hand at shutdown"`
	ClockSkew      time.Duration     `split_words:"true" default:"3m" desc:"how far this machine's clock may be from that of the CRMs; beyond it nothing is announced until it is right"`
	LogLevel       zapcore.Level     `split_words:"true" default:"info" desc:"debug, info, warn or error"`
	LogFormat      LogFormat         `split_words:"true" default:"auto" desc:"json, console for people, or auto: console where standard error is a terminal"`

	PollInterval time.Duration `split_words:"true" default:"10m" desc:"pause between two polls of a source for what its webhooks missed; the same in every process, 0: webhooks are enough, polls that were missed hold nothing back"`
	Partitions   int           `desc:"partitions that the work is divided into, fixed when the store is made; unset: 16 embedded, 64 over an outside NATS"`

	Phrases text.Lexicon `desc:"phrases by which messages are read beside the built-in ones, as in opt_out: lose my number, no more calls; urgent: line down; also one intent a line in the file that WINNOW_PHRASES_FILE names; they hold for messages read from then on"`

	TLS      ServerTLS
	AdminTLS AdminTLS `split_words:"true"`

	Language   Language `default:"en" desc:"language of what our people read, reasons, advice and the labels of new fields: de, en, es, fr, it, nl or pt; a farewell is in the language in which they write, and in this one where that is not known"`
	Texts      Texts    `desc:"messages of your own in place of those that winnow texts prints, in YAML by language and key, as in {de: {advice.today: ...}}; mostly in the file that WINNOW_TEXTS_FILE names"`
	ReasonRows bool     `split_words:"true" default:"false" desc:"add the row of the rule book, such as A06, to each reason that is written to the CRM"`

	Breaker Breaker
	NATS    NATS
	Queue   Queue

	Rules *rules.Settings `ignored:"true"` // from WINNOW_RULES_*

	rows []Row
}

// Breaker stops a mass change: where more than max(Count, Share of the rated contacts) would newly become pending or
// disqualified within Window, no further one is written until a human releases or refuses them.
type Breaker struct {
	Count  int           `default:"20" desc:"so many contacts may newly become pending or disqualified within the window, whatever their share"`
	Share  Share         `default:"5%" desc:"or this share of the rated contacts, whichever is more; then a human must release the rest"`
	Window time.Duration `default:"24h" desc:"window of the mass-change breaker"`
}

// ServerTLS names the files with which webhooks are served over TLS 1.2 or newer.
type ServerTLS struct {
	Cert          Path     `desc:"file with the certificate and its chain, PEM: webhooks are then served over TLS 1.2 or newer; read again when it changes; unset: plain HTTP, for a proxy that ends TLS"`
	Key           Path     `desc:"file with the key of that certificate, PEM"`
	ClientCA      Path     `split_words:"true" desc:"file with certificates, PEM: who sends webhooks must show one of them or one that they have signed; unset: none is asked for"`
	ClientSources []string `split_words:"true" desc:"sources of which alone a client certificate is asked for, comma-separated; unset: of all"`
}

// AdminTLS is the same for the admin port.
type AdminTLS struct {
	Cert Path `desc:"file with a certificate and its chain, PEM, with which the admin port is served over TLS; read again when it changes; unset: plain HTTP"`
	Key  Path `desc:"file with the key of that certificate, PEM"`
}

// NATS is an outside JetStream. Without URL the embedded server is used and the rest is without effect.
type NATS struct {
	URL      string `desc:"outside NATS servers with JetStream, comma-separated, instead of the embedded one"`
	Creds    Path   `desc:"credentials file for the outside NATS"`
	Replicas int    `desc:"copies of each stream in the outside NATS: 1, 3 or 5; unset: 3 where WINNOW_NATS_URL names three servers or more, else 1"`
	TLS      TLS
}

// TLS names the files for a secured connection to the outside NATS.
type TLS struct {
	CA   Path `desc:"file with the certificates that the outside NATS is checked against; unset: the system's"`
	Cert Path `desc:"client certificate for the outside NATS"`
	Key  Path `desc:"key of the client certificate"`
}

// Queue bounds the store. Zero leaves the choice to the queue.
type Queue struct {
	MaxStore         Bytes             `split_words:"true" desc:"disk that the embedded store may use; unset: derived from the free disk"`
	MinFree          Bytes             `split_words:"true" default:"512MiB" desc:"free disk below which deliveries are refused with 503, before the disk is full"`
	MaxPayload       Bytes             `split_words:"true" desc:"largest message of the embedded queue; unset: 8MiB"`
	DeliveriesBytes  Bytes             `split_words:"true" desc:"room for deliveries that wait to be read; unset: a share of the store"`
	FetchesBytes     Bytes             `split_words:"true" desc:"room for records that wait to be fetched; unset: a share of the store"`
	FactsBytes       Bytes             `split_words:"true" desc:"room for facts that wait to be rated; unset: a share of the store"`
	DeadLettersBytes Bytes             `split_words:"true" desc:"room for dead letters; unset: a share of the store"`
	Streams          int               `desc:"streams that hold the contacts, fixed when the store is made; unset: 2, enough for 800,000 contacts"`
	Key              connectors.Secret `desc:"encrypts the embedded store at rest, 16 characters or more; fixed when the store is made, and without it the store cannot be read"`
}

// Load reads the settings from environ, which has the form of os.Environ. It reports everything that is wrong in one
// error. The Config is never nil: beside an error it is good for Describe and the names of the sources alone.
func Load(environ []string) (*Config, error) {
	c := &Config{}
	l := newLoader(environ)
	l.fill("general", prefix, c)
	l.sources(c.Sources)
	for i := range c.Sources {
		c.Sources[i].Own.resolve(c)
	}
	c.Rules = l.rules()
	l.refuseUnknown()
	c.rows = l.rows
	return c, errors.Join(append(l.problems, c.check()...)...)
}

// Describe returns every setting with its value and where that came from, in the order of the documentation.
func (c *Config) Describe() []Row { return c.rows }

// Words is what Winnow says, in the language and with the messages that are set.
func (c *Config) Words() *words.Catalogue {
	return words.New(string(c.Language), c.Texts.own, c.ReasonRows)
}

// QueueConfig is what the queue wants to know. The embedded server is used where no outside one is named.
func (c *Config) QueueConfig() queue.Config {
	names := make([]string, 0, len(c.Sources))
	for _, s := range c.Sources {
		names = append(names, s.Name)
	}
	return queue.Config{
		URL: c.NATS.URL, Creds: string(c.NATS.Creds),
		TLSCA: string(c.NATS.TLS.CA), TLSCert: string(c.NATS.TLS.Cert), TLSKey: string(c.NATS.TLS.Key),
		Replicas: c.replicas(), Dir: c.DataDir, Key: c.Queue.Key.Reveal(),
		MaxStore: int64(c.Queue.MaxStore), MaxPayload: int32(c.Queue.MaxPayload), MinFree: int64(c.Queue.MinFree),
		DeliveriesBytes: int64(c.Queue.DeliveriesBytes), FactsBytes: int64(c.Queue.FactsBytes),
		FetchesBytes: int64(c.Queue.FetchesBytes), DeadLettersBytes: int64(c.Queue.DeadLettersBytes),
		Partitions: c.Partitions, Streams: c.Queue.Streams, Sources: names,
	}
}

// ErrAdmin is in what Load returns where a setting cannot be used that says where the admin port answers, and to whom.
var ErrAdmin = errors.New("the settings of the admin port cannot be used")

// fault names a variable, says what is wrong with it and what to do.
type fault struct{ name, text string }

func problem(name, format string, args ...any) error {
	return fault{name, fmt.Sprintf(format, args...)}
}

func (f fault) Error() string { return f.name + ": " + f.text }

// Is reports whether f is an ErrAdmin.
func (f fault) Is(target error) bool {
	return target == ErrAdmin && strings.HasPrefix(f.name, prefix+"_ADMIN_")
}
