/**
 * The style guide, executed. Each rule lists every place that breaks it as `file:line`; an
 * exception is named here, with its reason, or it is none.
 */
import { describe, expect, test } from 'vitest'
import {
  filesWith,
  placeOf,
  readSources,
  readText,
  type Source,
  sourceOf,
} from './support/source.ts'

const FILE_LINES_MAX = 400
const FUNCTION_LINES_MAX = 60
const LINE_COLUMNS_MAX = 100

/** Files that are tables: any length, any width. */
const DATA_TABLES: ReadonlySet<string> = new Set([])

/** What belongs to the world and is had from a `Host`, and what to use in its place. */
const WORLD: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bDate\.now\b|\bnew Date\b|(?<![.\w])Date\(/, 'clock.nowMs()'],
  [/\bperformance\.now\b|\bprocess\.hrtime\b/, 'clock.monotonicMs()'],
  [/(?<![.\w])set(Timeout|Interval)\(/, 'clock.schedule()'],
  [/(?<![.\w])(setImmediate|queueMicrotask)\(|\bprocess\.nextTick\b/, 'loop.afterTurn()'],
  [/\bMath\.random\b|\bcrypto\.random|\bgetRandomValues\b|\brandom(Bytes|UUID|Int)\(/, 'random'],
  [/(?<![.\w'])process\.(?!stdout|stderr)/, 'process of the Host'],
]

const WORLD_MODULES: ReadonlySet<string> = new Set(
  [
    ...['fs', 'fs/promises', 'net', 'tls', 'http', 'https', 'http2', 'dgram', 'dns', 'os'],
    ...['child_process', 'worker_threads', 'timers', 'timers/promises', 'perf_hooks'],
  ].map(name => `node:${name}`),
)

/** Files outside `host/node` that touch the world, and why they must. */
const WORLD_EXCEPTIONS: Readonly<Record<string, string>> = {
  'host/sim/hop.ts': 'one empty turn of the real loop lets promises settle between events',
  'broker/main.ts': 'the process entry: signals, environment, thread-pool size, exit code',
  'client/cli/': 'a process entry: arguments, terminal, exit code',
}

/** These choose their host, or are no part of the product. */
const OUTSIDE = /^(tests|bench|scripts)\/|^[\w.-]+\.ts$/

const HISTORY: readonly RegExp[] = [
  /\bnewly added\b|\bnow (handles|supports|uses|returns|works)\b|\bfor now\b|\bphase \d/i,
  /\bwas (renamed|refactored|rewritten) (to|from|in|because)\b/i,
  /\btemporary (hack|fix|workaround)\b/i,
]

const COMMENTED_OUT: readonly RegExp[] = [
  /^import .* from|^export (const|function|class)\b|^(const|let) [\w{[].* = /,
  /^(return|await) \w+[.(]|^if \(.*\) (\{|return)|^\}( else \{)?$/,
  /^[\w#]+(\.[\w#]+)+\(.*\)$/,
]

const sources = readSources()

/** Names of types that nobody can change: `type Texts = ReadonlyMap<...>`. */
const READONLY_TYPES: ReadonlySet<string> = new Set(
  sources.flatMap(({ code }) =>
    code.flatMap(line => /^(?:export )?type (\w+) = (?:Readonly|readonly )/.exec(line)?.[1] ?? []),
  ),
)

describe('sizes', () => {
  test(`a file has at most ${FILE_LINES_MAX} lines`, () => {
    const long = sources.filter(({ path, lines }) => {
      return lines.length - 1 > FILE_LINES_MAX && !DATA_TABLES.has(path)
    })
    expect(long.map(({ path, lines }) => `${path}: ${lines.length - 1} lines`)).toEqual([])
  })

  test(`a function has at most ${FUNCTION_LINES_MAX} lines`, () => {
    const places = sources.flatMap(source =>
      longFunctions(source).map(([at, lines]) => `${placeOf(source, at)} ${lines} lines`),
    )
    expect(places).toEqual([])
  })

  test(`a line has at most ${LINE_COLUMNS_MAX} columns`, () => {
    const narrow = sources.filter(({ path }) => !DATA_TABLES.has(path))
    expect(placesIn(narrow, source => source.lines, tooWide)).toEqual([])
  })
})

describe('the world', () => {
  const inside = sources.filter(({ path }) => !OUTSIDE.test(path) && !mayTouchWorld(path))

  for (const [pattern, instead] of WORLD) {
    test(`outside host/node nobody bypasses ${instead}`, () => {
      expect(placesIn(inside, source => source.code, pattern)).toEqual([])
    })
  }

  test('outside host/node nobody imports modules that reach the world', () => {
    const imports = /(?:from|import\(?) *'(node:[\w/]+)'/
    const places = placesIn(
      inside,
      source => source.withoutComments.split('\n'),
      line => WORLD_MODULES.has(imports.exec(line)?.[1] ?? ''),
    )
    expect(places).toEqual([])
  })

  test('tests do not sleep', () => {
    const tests = sources.filter(({ path }) => /^tests\/(?!compat|full|support)/.test(path))
    const sleeps = /set(Timeout|Interval)\(|\bfrom *'node:timers/
    expect(placesIn(tests, source => source.code, sleeps)).toEqual([])
  })

  test('every exception is still needed', () => {
    const isUsed = (exception: string) => sources.some(({ path }) => path.startsWith(exception))
    const unused = Object.keys(WORLD_EXCEPTIONS).filter(exception => !isUsed(exception))
    expect(unused).toEqual([])
  })
})

describe('state', () => {
  test('outside host/node no module has a variable of its own', () => {
    const modules = sources.filter(({ path }) => !/^(tests|bench|scripts|host\/node)\//.test(path))
    expect(placesIn(modules, source => source.code, isModuleState)).toEqual([])
  })
})

describe('comments', () => {
  test('nothing is left to do', () => {
    const places = placesIn(sources, source => source.comments, /\b(TODO|FIXME|XXX|HACK)\b/)
    expect(places).toEqual([])
  })

  test('no code is commented out', () => {
    const isCode = (line: string) => {
      const comment = /^\s*\/\/ ?(.*)$/.exec(line)?.[1]
      return comment !== undefined && COMMENTED_OUT.some(pattern => pattern.test(comment))
    }
    expect(placesIn(sources, source => source.comments, isCode)).toEqual([])
  })

  test('they tell what is, not how it came to be', () => {
    const isHistory = (line: string) => HISTORY.some(pattern => pattern.test(line))
    expect(placesIn(sources, source => source.comments, isHistory)).toEqual([])
  })
})

describe('tests', () => {
  const suites = sources.filter(({ path }) => path.endsWith('.test.ts'))

  test('none is singled out', () => {
    const only = /\b(test|it|describe|suite)(\.\w+)*\.only\b/
    expect(placesIn(suites, source => source.code, only)).toEqual([])
  })

  test('none is skipped without a comment that says why', () => {
    const skip = /\b(test|it|describe|suite)(\.\w+)*\.(skip|todo|fails)\b/
    const places = suites.flatMap(source =>
      source.code.flatMap((line, at) => {
        const reason = `${source.comments[at - 1] ?? ''}${source.comments[at] ?? ''}`.trim()
        return skip.test(line) && reason === '' ? [placeOf(source, at)] : []
      }),
    )
    expect(places).toEqual([])
  })
})

test('a markdown file has exactly one title', () => {
  const wrong = filesWith('.md').flatMap(path => {
    const prose = readText(path).replace(/^(```|~~~)[\s\S]*?^\1/gm, '')
    const titles = prose.match(/^# /gm)?.length ?? 0
    return titles === 1 ? [] : [`${path}: ${titles} titles`]
  })
  expect(wrong).toEqual([])
})

describe('these rules themselves', () => {
  test('see through strings, templates, patterns and comments', () => {
    const text = [
      "const a = 'Date.now() // not code' // TODO",
      'const b = `x $' + '{Math.random()} // y $' + '{`$' + '{1}`} z`',
      'const c = /[/"]Date.now/.test(d) / 2 // /* ',
    ].join('\n')
    const { code, comments } = sourceOf('x.ts', text)
    expect(code.map(line => line.includes('Date.now'))).toEqual([false, false, false])
    expect(code[1]).toContain('Math.random()')
    expect(code[1]).not.toContain('y')
    expect(comments.map(line => line.trim())).toEqual(['// TODO', '', '// /*'])
  })

  test('measure functions, methods and arrows, headers included, but no other blocks', () => {
    const body = '  x()\n'.repeat(60)
    const lengthOf = (head: string) =>
      longFunctions(sourceOf('x.ts', `${head}\n${body}}\n`)).map(([, lines]) => lines)
    expect(lengthOf('function f(a: number): Map<string, { a: 1 }> {')).toEqual([62])
    expect(lengthOf('export async function f(\n  a: number,\n): Promise<void> {')).toEqual([64])
    expect(lengthOf('async #f<T>(a: T): Promise<T> {')).toEqual([62])
    expect(lengthOf('const f = (a: number) => {')).toEqual([62])
    expect(lengthOf('get f(): number {')).toEqual([62])
    expect(lengthOf('if (a) {')).toEqual([])
    expect(lengthOf('for (\n  const a of b\n) {')).toEqual([])
    expect(lengthOf('class A {')).toEqual([])
    expect(lengthOf("describe('a', () => {")).toEqual([])
  })
})

function mayTouchWorld(path: string): boolean {
  if (path.startsWith('host/node/')) return true
  return Object.keys(WORLD_EXCEPTIONS).some(exception => path.startsWith(exception))
}

function placesIn(
  files: readonly Source[],
  view: (source: Source) => readonly string[],
  breaks: RegExp | ((line: string) => boolean),
): string[] {
  const isBroken = typeof breaks === 'function' ? breaks : (line: string) => breaks.test(line)
  return files.flatMap(source =>
    view(source).flatMap((line, at) => {
      return isBroken(line) ? [`${placeOf(source, at)} ${source.lines[at]?.trim()}`] : []
    }),
  )
}

function tooWide(line: string): boolean {
  return line.length > LINE_COLUMNS_MAX && !/https?:\/\/\S{60}/.test(line)
}

/** `let`, or a collection whose type does not say that nobody changes it. */
function isModuleState(line: string): boolean {
  if (/^(export )?(let|var)\b/.test(line)) return true
  const made = /^(?:export )?const \w+(: [^=]+)? = (.*)$/.exec(line)
  if (made === null || /Readonly|readonly/.test(made[1] ?? '')) return false
  if (READONLY_TYPES.has(made[1]?.slice(2) ?? '')) return false
  if (made[1] === ': []') return false // The empty tuple: nothing can be put into it.
  return /^(new (Map|Set|WeakMap|WeakSet|\w+Array)\b|\[\]|\{\})/.test(made[2] ?? '')
}

/** Functions that are too long: the line (from 0) where each starts, and how many it has. */
function longFunctions(source: Source): [number, number][] {
  const { code } = source
  return code.flatMap((line, at): [number, number][] => {
    const start = functionStart(code, line, at)
    if (start === null) return []
    const indent = indentOf(line)
    let end = at + 1
    // The sources are formatted: a block ends where its indentation returns.
    while (end < code.length && !isBlockEnd(code[end] as string, indent)) end++
    const lines = end - start + 1
    if (lines <= FUNCTION_LINES_MAX || isSuite(code.slice(at + 1, end))) return []
    return [[start, lines]]
  })
}

const NOT_A_METHOD = /^(if|for|while|switch|catch|with|else|do|try|return|class|interface)\b|^\}/

/** The line where the function starts whose body opens at the end of this one, or null. */
function functionStart(code: readonly string[], line: string, at: number): number | null {
  const text = line.trim()
  if (!text.endsWith('{')) return null
  if (text.endsWith('=> {')) return /^(describe|suite)\b/.test(text) ? null : at
  if (/\bfunction\b/.test(text)) return at
  if (/^\)(: .*)? \{$/.test(text)) {
    let start = at - 1
    while (
      start > 0 &&
      (indentOf(code[start] as string) > indentOf(line) || !code[start]?.trim())
    ) {
      start--
    }
    return NOT_A_METHOD.test(code[start]?.trim() ?? '') ? null : start
  }
  const isMethod = /^((static|override|async|get|set) |\*)*[\w#$[\].]+(<.*>)?\(.*\)(: .+)? \{$/
  return isMethod.test(text) && !NOT_A_METHOD.test(text) ? at : null
}

/** A list of tests is no function to follow, as long as each test is short. */
function isSuite(body: readonly string[]): boolean {
  const indent = indentOf(body[0] ?? '')
  return body.some(line => indentOf(line) === indent && /^(test|it)(\.\w+)*\(/.test(line.trim()))
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}

function isBlockEnd(line: string, indent: number): boolean {
  return line.trim() !== '' && indentOf(line) <= indent && line.trim().startsWith('}')
}
