/** One `name=value` of a properties file. */
export interface PropertyLine {
  readonly name: string
  readonly value: string
  /** From 1: where the entry begins. */
  readonly line: number
}

/**
 * Reads java.util.Properties text: `#` and `!` comments, `=`, `:` or blanks between name and
 * value, a backslash at the end continuing the line, `\uXXXX` and the usual escapes.
 */
export function parseProperties(text: string): PropertyLine[] {
  const lines = text.split(/\r\n|\r|\n/)
  const entries: PropertyLine[] = []
  for (let at = 0; at < lines.length; at++) {
    const line = at + 1
    let logical = stripStart(lines[at] as string)
    if (logical === '' || logical.startsWith('#') || logical.startsWith('!')) continue
    while (endsWithContinuation(logical)) {
      at++
      logical = logical.slice(0, -1) + stripStart(lines[at] ?? '')
    }
    entries.push({ ...splitEntry(logical), line })
  }
  return entries
}

function stripStart(line: string): string {
  return line.replace(/^[ \t\f]+/, '')
}

function endsWithContinuation(line: string): boolean {
  const tail = /\\+$/.exec(line)
  return tail !== null && tail[0].length % 2 === 1
}

function splitEntry(logical: string): { name: string; value: string } {
  let at = 0
  while (at < logical.length && !'=: \t\f'.includes(logical[at] as string)) {
    at += logical[at] === '\\' ? 2 : 1
  }
  const rest = logical.slice(at).replace(/^[ \t\f]*[=:]?[ \t\f]*/, '')
  return { name: unescaped(logical.slice(0, at)), value: unescaped(rest) }
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['t', '\t'],
  ['n', '\n'],
  ['r', '\r'],
  ['f', '\f'],
])

function unescaped(text: string): string {
  if (!text.includes('\\')) return text
  return text.replace(/\\(u[0-9a-fA-F]{4}|[\s\S]|$)/g, (_, code: string) => {
    if (code.length === 5) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
    return ESCAPES.get(code) ?? code
  })
}
