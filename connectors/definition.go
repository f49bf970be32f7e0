package connectors

import (
	"context"
	"fmt"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Config is a vendor's settings: a pointer to a struct with envconfig tags, filled under WINNOW_<SOURCE>_*.
type Config interface {
	// Validate reports everything wrong with the settings at once, naming each variable without its prefix. prefix is
	// WINNOW_<SOURCE>, for the message.
	Validate(prefix string) error
	// PolledAlone reports whether the source has no webhooks, so that polls are all that is heard of it.
	PolledAlone() bool
	// Mapping stands for where our fields go: when it changes, every rating is written again.
	Mapping() string
}

// Options are what every connector is given beside its own settings.
type Options struct {
	Source    crm.Source
	PublicURL string           // origin under which the vendor calls us, without a path; empty: as the request says
	Salt      []byte           // of this store: keys the hashes of texts and links
	Now       func() time.Time // the clock that budgets and polls go by; nil: time.Now
	UserAgent string
	// Heard is called with the Date header of each answer of the vendor's API, and how long the call took, so that a
	// wrong clock is found out. Nil: nobody listens.
	Heard   func(date time.Time, took time.Duration)
	State   State                    // what the connector remembers, never nil where it plays Maintain
	Phrases map[crm.Intents][]string // by which messages are read beside the built-in ones
	// Properties are those of a person that the rules look at, under neutral names as in fields.Neutral or the vendor's
	// own: they are read and become facts under the same names, each change of them too. One that the CRM does not have
	// is nothing.
	Properties []string
	// Wrote returns what is remembered of our newest messages to people. Nil: nothing is remembered.
	Wrote func(ctx context.Context, people []string) (map[string][]crm.Wrote, error)
	// Labels are the fields with labels and descriptions in the language of the account's people; nil: in English.
	Labels []crm.FieldSpec
	// Enforce is set where the CRM's own status is set too: then set-up looks whether it has the value.
	Enforce bool
}

// Fields are all fields as the account's people shall see them.
func (o *Options) Fields() []crm.FieldSpec {
	if o.Labels != nil {
		return o.Labels
	}
	return crm.FieldTable
}

// Field is one of them; there must be one.
func (o *Options) Field(f crm.Field) crm.FieldSpec {
	for _, s := range o.Fields() {
		if s.Field == f {
			return s
		}
	}
	panic("connectors: no field " + f)
}

// Definition is how a vendor is made; connectors/all lists them.
type Definition struct {
	Vendor crm.Vendor
	Config func() Config // fresh settings with their defaults
	New    func(Config, Options) (Vendor, error)
}

// settings is a vendor's own type of settings, by the pointer that is its Config.
type settings[C any] interface {
	*C
	Config
}

// Define is the definition of a vendor whose settings are of type C.
func Define[C any, P settings[C]](vendor crm.Vendor, make func(C, Options) (Vendor, error)) Definition {
	return Definition{
		Vendor: vendor,
		Config: func() Config { return P(new(C)) },
		New: func(cfg Config, opt Options) (Vendor, error) {
			own, ok := cfg.(P)
			if !ok {
				return Vendor{}, fmt.Errorf("%s: settings of another vendor: %T", vendor, cfg)
			}
			return make(*own, opt)
		},
	}
}
