variable "V" { 
  default = "1.2.3"
  validation {
    condition = V != ""
    error_message = "V is needed"
  }
}
variable "LIST" { default = ["x", "y"] }
variable "MAP" { default = { b = "2", a = "1" } }
variable "NULLV" { default = null }
function "greet" {
  params = [who]
  variadic_params = others
  result = "hi ${who}${length(others) > 0 ? " and ${join(", ", others)}" : ""}"
}
/* a
   comment */
target "default" {
  args = {
    a01 = "esc \"q\" \\ \t| $${no} %%{no} é"
    a02 = 1 + 2 * 3 - 4 / 2 % 3
    a03 = (1 + 2) * 3 == 9 && !false ? "yes" : "no"
    a04 = join("|", [for x in LIST : upper(x)])
    a05 = join("|", [for k, v in MAP : "${k}=${v}" if v != "1"])
    a06 = jsonencode({for k, v in MAP : v => k})
    a07 = <<-EOT
      indented
        more ${V}
      EOT
    a08 = <<EOT
plain %{ if V == "1.2.3" }match%{ else }other%{ endif }
%{ for x in LIST ~}
item ${x}
%{ endfor ~}
EOT
    a09 = greet("a")
    a10 = greet("a", "b", "c")
    a11 = greet(LIST...)
    a12 = regex_replace(V, "^([0-9]+)\\.(.*)$", "$1-$2")
    a13 = join(",", regex("(\\d)\\.(\\d)", V))
    a14 = element(split(".", V), 1)
    a15 = substr("héllo", 1, 3)
    a16 = format("%05d|%-5s|%s|%q|%.2f|%x", 42, "ab", "c", "d", 3.14159, 255)
    a17 = title("hello world")
    a18 = trim("xxhixx", "x")
    a19 = trimsuffix(trimprefix("v1.0-rc", "v"), "-rc")
    a20 = base64encode("hi")
    a21 = sha256("hi")
    a22 = md5("hi")
    a23 = coalesce("", "b")
    a24 = length(LIST)
    a25 = contains(LIST, "x")
    a26 = lookup(MAP, "zz", "dflt")
    a27 = join(",", keys(MAP))
    a28 = join(",", values(merge(MAP, {c = "3"})))
    a29 = join(",", distinct(["a","b","a"]))
    a30 = join(",", flatten([["a"],["b",["c"]]]))
    a32 = max(1, 5, 3)
    a33 = can(V.foo) ? "can" : "cannot"
    a34 = try(MAP.zz, "fallback")
    a35 = MAP["a"]
    a36 = MAP.b
    a37 = LIST[0]
    a38 = NULLV == null ? "isnull" : "notnull"
    a39 = join(",", LIST[*])
    a40 = join(",", [{n = "1"}, {n = "2"}][*].n)
    a41 = -5
    a42 = 1.5
    a43 = 1e3
    a44 = replace("a-b", "-", "_")
    a45 = indent(2, "a\nb")
    a46 = urlencode("a b&c")
    a47 = join(",", sort(["b", "a"]))
    a48 = join(",", reverselist(["b", "a"]))
    a49 = join(",", slice(["a","b","c"], 1, 2))
    a50 = sanitize("a/b:c")
    a51 = formatdate("YYYY-MM-DD", "2024-01-02T03:04:05Z")
    a52 = join(",", setunion(["a"],["b"]))
    a53 = jsonencode(zipmap(["a","b"],[1,2]))
    a54 = join(",", chunklist(["a","b","c"], 2)[0])
    a55 = index(LIST, 1)
    a56 = int(3.7)
    a57 = parseint("ff", 16)
    a58 = join(",", compact(["a","","b"]))
    a59 = join(",", concat(["a"],["b"]))
    a60 = true
    a61 = "${V}"
    a62 = "  ${~ V ~}  x"
    a63 = strlen("héé")
    a64 = basename("/a/b.c")
    a65 = dirname("/a/b.c")
    a66 = indexof(LIST, "y")
    a67 = chomp("a\n")
    a68 = 10 / 4
    a69 = 7 % 3
    a70 = signum(-3)
    a71 = pow(2, 10)
    a72 = join(",", setintersection(["a","b"],["b"]))
    a73 = lower("ABC")
    a74 = reverse("abc")
    a75 = jsondecode("{\"a\": [1, 2]}").a[1]
    a76 = 1 < 2
  }
}
