import { UsageError } from './failure.ts'

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['0', '\0'],
  ['\\', '\\'],
])

/**
 * Reads `\n`, `\t`, `\r`, `\0`, `\\` and `\xHH` in what was typed, since shells pass them on as
 * they are. `\xHH` is the character of that number. Throws UsageError for any other.
 */
export function unescaped(typed: string): string {
  return typed.replace(/\\(x[0-9a-fA-F]{2}|[\s\S]|$)/g, (whole, code: string) => {
    if (code.length === 3) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
    const character = ESCAPES.get(code)
    if (character === undefined) {
      throw new UsageError(`${whole} is no escape: use \\n, \\t, \\r, \\0, \\\\ or \\xHH`)
    }
    return character
  })
}
