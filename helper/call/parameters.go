package call

import "strings"

// parameterTexts say what parameters are that many functions have. They stand behind the text of a function that does not mention
// such a parameter itself.
var parameterTexts = map[string]string{
	"address":             "address is an integer, or an Object that is one.",
	"address_or_name":     "address_or_name is an address, or a name as a str.",
	"alignment":           "alignment is in bytes, of addresses of what is found: 1 unless it is given.",
	"bit_field_size":      "bit_field_size is in bits; None is no bit-field.",
	"byteorder":           "byteorder is 'little' or 'big'; None is the program's.",
	"create":              "With create, it is made if there is none; otherwise that is a LookupError.",
	"dynamic_address":     "dynamic_address is where the module's dynamic section lies.",
	"enable_index":        "enable_index is the place among the enabled finders, from 0, or -1 for the last; None does not enable it.",
	"fd":                  "fd is an open file to be read instead of path; -1 is none.",
	"filename":            "filename is the source file of the definition, or the end of its path; None is any.",
	"flags":               "flags are a FindObjectFlags: which kinds of objects are looked for.",
	"fn":                  "fn is called as other finders of objects are: see register_object_finder().",
	"haystack":            "haystack is the path, needle what it may end in; None or '' as needle fits all.",
	"id":                  "id tells modules of one name apart.",
	"ignore_mask":         "ignore_mask are bits that are not compared.",
	"is_live":             "is_live says whether memory changes.",
	"is_signed":           "is_signed says whether it has negative values.",
	"is_variadic":         "is_variadic says whether more arguments may follow.",
	"language":            "language is a Language; None is the program's.",
	"length":              "length is the number of elements; None is an incomplete array.",
	"max_size":            "max_size is how many bytes are read at most.",
	"module_obj":          "module_obj is a struct module *.",
	"name":                "name is a str.",
	"names":               "names are those of registered finders, each once; the others are not asked.",
	"obj":                 "obj is an Object.",
	"options":             "options are a DebugInfoOptions; None is the program's.",
	"parameters":          "parameters are a sequence of TypeParameter.",
	"path":                "path is a str, bytes or path object.",
	"paths":               "paths are those of the files.",
	"pattern":             "pattern is bytes or a str.",
	"pcs":                 "pcs are addresses of instructions, the innermost frame's first.",
	"physical":            "physical says that addresses are physical ones.",
	"pid":                 "pid is the number of a process.",
	"qualifiers":          "qualifiers are those of the type, a Qualifiers.",
	"reg":                 "reg is a register's name, such as 'rip'; one that is not known in the frame is a LookupError.",
	"size":                "size is in bytes.",
	"tag":                 "tag is the name behind struct, union, class or enum; None is an anonymous one.",
	"template_parameters": "template_parameters are a sequence of TypeTemplateParameter.",
	"tid":                 "tid is a thread's number.",
	"type":                "type is a Type, or the name of one as a str.",
	"value":               "value is what is looked for.",
	"values":              "values are integers, or pairs of the least and the greatest that fit.",
	"version":             "version is a str.",
}

// WithParameters returns the text of a function with these parameters, "" if it has none, with what is to be said of those that it
// does not mention.
func WithParameters(doc string, names []string) string {
	if doc == "" {
		return ""
	}
	var more []string
	for _, name := range names {
		if text := parameterTexts[name]; text != "" && !mentions(doc, name) {
			more = append(more, text)
		}
	}
	if len(more) == 0 {
		return doc
	}
	return doc + "\n\n" + strings.Join(more, " ")
}

// mentions reports whether a text has a word. It is asked for each parameter of each method when Python starts: a regular expression takes
// ten times as long.
func mentions(text, word string) bool {
	inWord := func(c byte) bool { return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' }
	for at := 0; ; {
		i := strings.Index(text[at:], word)
		if i < 0 {
			return false
		}
		begin, end := at+i, at+i+len(word)
		if (begin == 0 || !inWord(text[begin-1])) && (end == len(text) || !inWord(text[end])) {
			return true
		}
		at = begin + 1
	}
}
