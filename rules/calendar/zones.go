package calendar

import (
	"sync"
	"sync/atomic"
	"time"
	_ "time/tzdata" // the zone database travels with the program, so that it works where the system has none

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/ar"
	"github.com/rickar/cal/v2/at"
	"github.com/rickar/cal/v2/au"
	"github.com/rickar/cal/v2/be"
	"github.com/rickar/cal/v2/bg"
	"github.com/rickar/cal/v2/br"
	"github.com/rickar/cal/v2/ca"
	"github.com/rickar/cal/v2/ch"
	"github.com/rickar/cal/v2/cz"
	"github.com/rickar/cal/v2/de"
	"github.com/rickar/cal/v2/dk"
	"github.com/rickar/cal/v2/es"
	"github.com/rickar/cal/v2/fr"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/gr"
	"github.com/rickar/cal/v2/hr"
	"github.com/rickar/cal/v2/ie"
	"github.com/rickar/cal/v2/it"
	"github.com/rickar/cal/v2/jp"
	"github.com/rickar/cal/v2/lt"
	"github.com/rickar/cal/v2/lv"
	"github.com/rickar/cal/v2/nl"
	"github.com/rickar/cal/v2/no"
	"github.com/rickar/cal/v2/nz"
	"github.com/rickar/cal/v2/pl"
	"github.com/rickar/cal/v2/ro"
	"github.com/rickar/cal/v2/ru"
	"github.com/rickar/cal/v2/se"
	"github.com/rickar/cal/v2/si"
	"github.com/rickar/cal/v2/sk"
	"github.com/rickar/cal/v2/ua"
	"github.com/rickar/cal/v2/us"
	"github.com/rickar/cal/v2/za"
)

// holidays are the nationwide public holidays of each country, of Australia those of New South Wales, because there
// only the states have lists. Other regional ones are not among them: a day too few counts against the prospect by some
// hours, and every clock here runs for days.
var holidays = map[string][]*cal.Holiday{
	"AR": ar.Holidays, "AT": at.Holidays, "AU": au.HolidaysNSW, "BE": be.Holidays, "BG": bg.Holidays,
	"BR": br.Holidays, "CA": ca.Holidays, "CH": ch.Holidays, "CZ": cz.Holidays, "DE": de.Holidays, "DK": dk.Holidays,
	"ES": es.Holidays, "FR": fr.Holidays, "GB": gb.Holidays, "GR": gr.Holidays, "HR": hr.Holidays, "IE": ie.Holidays,
	"IT": it.Holidays, "JP": jp.Holidays, "LT": lt.Holidays, "LV": lv.Holidays, "NL": nl.Holidays, "NO": no.Holidays,
	"NZ": nz.Holidays, "PL": pl.Holidays, "RO": ro.Holidays, "RU": ru.Holidays, "SE": se.Holidays, "SI": si.Holidays,
	"SK": sk.Holidays, "UA": ua.Holidays, "US": us.Holidays, "ZA": za.Holidays,
}

const (
	mondayToFriday   Week = 0b0111110
	sundayToThursday Week = 0b0011111
	saturdayToWedn   Week = 0b1001111
)

// weeks are the working weeks that are not Monday to Friday. Source: the countries' labour laws as of 2025.
var weeks = map[string]Week{
	"AF": saturdayToWedn, "BD": sundayToThursday, "BH": sundayToThursday, "DZ": sundayToThursday,
	"EG": sundayToThursday, "IL": sundayToThursday, "IQ": sundayToThursday, "IR": saturdayToWedn,
	"JO": sundayToThursday, "KW": sundayToThursday, "LY": sundayToThursday, "OM": sundayToThursday,
	"QA": sundayToThursday, "SA": sundayToThursday, "SD": sundayToThursday, "SY": sundayToThursday,
	"YE": sundayToThursday,
}

// ZoneOf is the zone of each country that has one zone for practically all of its business. Countries with several are
// left out: of somebody there, without a zone, the hours are not known. Source: IANA time zone database, zone1970.tab.
var ZoneOf = map[string]string{
	"AE": "Asia/Dubai", "AR": "America/Argentina/Buenos_Aires", "AT": "Europe/Vienna", "BD": "Asia/Dhaka",
	"BE": "Europe/Brussels", "BG": "Europe/Sofia", "BH": "Asia/Bahrain", "CH": "Europe/Zurich", "CN": "Asia/Shanghai",
	"CO": "America/Bogota", "CY": "Asia/Nicosia", "CZ": "Europe/Prague", "DE": "Europe/Berlin",
	"DK": "Europe/Copenhagen", "EE": "Europe/Tallinn", "EG": "Africa/Cairo", "ES": "Europe/Madrid",
	"FI": "Europe/Helsinki", "FR": "Europe/Paris", "GB": "Europe/London", "GR": "Europe/Athens",
	"HK": "Asia/Hong_Kong", "HR": "Europe/Zagreb", "HU": "Europe/Budapest", "IE": "Europe/Dublin",
	"IL": "Asia/Jerusalem", "IN": "Asia/Kolkata", "IR": "Asia/Tehran", "IS": "Atlantic/Reykjavik", "IT": "Europe/Rome",
	"JO": "Asia/Amman", "JP": "Asia/Tokyo", "KE": "Africa/Nairobi", "KR": "Asia/Seoul", "KW": "Asia/Kuwait",
	"LK": "Asia/Colombo", "LT": "Europe/Vilnius", "LU": "Europe/Luxembourg", "LV": "Europe/Riga",
	"MA": "Africa/Casablanca", "MT": "Europe/Malta", "MY": "Asia/Kuala_Lumpur", "NG": "Africa/Lagos",
	"NL": "Europe/Amsterdam", "NO": "Europe/Oslo", "NP": "Asia/Kathmandu", "NZ": "Pacific/Auckland",
	"OM": "Asia/Muscat", "PE": "America/Lima", "PH": "Asia/Manila", "PK": "Asia/Karachi", "PL": "Europe/Warsaw",
	"PT": "Europe/Lisbon", "QA": "Asia/Qatar", "RO": "Europe/Bucharest", "RS": "Europe/Belgrade", "SA": "Asia/Riyadh",
	"SE": "Europe/Stockholm", "SG": "Asia/Singapore", "SI": "Europe/Ljubljana",
	"SK": "Europe/Bratislava", "TH": "Asia/Bangkok", "TN": "Africa/Tunis", "TR": "Europe/Istanbul",
	"TW": "Asia/Taipei", "UA": "Europe/Kyiv", "UY": "America/Montevideo",
	"VN": "Asia/Ho_Chi_Minh", "ZA": "Africa/Johannesburg",
}

// CountryOf is the reverse of zoneOf, and the zones of the larger countries that have several.
var CountryOf = func() map[string]string {
	m := map[string]string{"Asia/Calcutta": "IN", "Europe/Kiev": "UA", "Asia/Saigon": "VN"}
	for country, zone := range ZoneOf {
		m[zone] = country
	}
	for country, zones := range map[string][]string{
		"US": {
			"America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Phoenix",
			"America/Detroit", "America/Anchorage", "Pacific/Honolulu", "America/Boise",
			"America/Indiana/Indianapolis", "US/Eastern", "US/Central", "US/Mountain", "US/Pacific",
		},
		"CA": {
			"America/Toronto", "America/Vancouver", "America/Edmonton", "America/Winnipeg", "America/Halifax",
			"America/St_Johns", "America/Regina",
		},
		"AU": {
			"Australia/Sydney", "Australia/Melbourne", "Australia/Brisbane", "Australia/Perth",
			"Australia/Adelaide", "Australia/Darwin", "Australia/Hobart",
		},
		"BR": {"America/Sao_Paulo", "America/Bahia", "America/Fortaleza", "America/Recife", "America/Manaus"},
		"RU": {
			"Europe/Moscow", "Asia/Yekaterinburg", "Asia/Novosibirsk", "Asia/Vladivostok", "Europe/Samara",
			"Asia/Krasnoyarsk",
		},
	} {
		for _, zone := range zones {
			m[zone] = country
		}
	}
	return m
}()

var (
	zones    sync.Map // name to *time.Location, nil for a name that there is none of
	zoneMiss atomic.Int32
)

// maxZoneMisses bounds what is remembered of wrong names, which come from outside; beyond it they are looked up each
// time.
const maxZoneMisses = 1000

// ZoneNamed returns the zone of an IANA name, nil where there is none. "Local" and the empty name are none: they would
// mean the machine's zone, or UTC for somebody whose zone is not known.
func ZoneNamed(name string) *time.Location {
	if name == "" || name == "Local" || len(name) > 64 {
		return nil
	}
	if z, ok := zones.Load(name); ok {
		return z.(*time.Location)
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		if zoneMiss.Load() < maxZoneMisses {
			zoneMiss.Add(1)
			zones.Store(name, (*time.Location)(nil))
		}
		return nil
	}
	zones.Store(name, z)
	return z
}
