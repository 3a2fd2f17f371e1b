/** Executes the table of who may import whom (tests/support/layers.ts). */
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PACKAGES, PURE_CORE, type Row, TABLE } from './support/layers.ts'
import { readSources, type Source, sourceOf } from './support/source.ts'

/** Not part of the product, or at its edge: they may import everything. */
const FREE = /^(tests|bench|scripts)\/|^[\w.-]+\.ts$/

/** Tables and faces: the only files that collect what others export. */
const BARRELS: ReadonlySet<string> = new Set([
  'protocol/messages/index.ts',
  'broker/api/index.ts',
  'client/index.ts',
])

/** `import ... from`, `export ... from`, `import '...'` and `import('...')`. */
const FROM = /^(?:import|export)\s+(type\s)?\s*([^'";]*?)\s*from\s*'([^']+)'/gm
const BARE = /^import\s*'([^']+)'/gm
const DYNAMIC = /\bimport\('([^']+)'\)/gm

interface Import {
  readonly source: Source
  /** Counted from 1. */
  readonly line: number
  /** A path of ours from the root, or a module's name. */
  readonly target: string
  readonly isOurs: boolean
  readonly isTypeOnly: boolean
  /** As written, braces included. */
  readonly names: string
}

const sources = readSources()
const imports = sources.flatMap(importsOf)

describe('who may import whom', () => {
  test('every import is in its row of the table', () => {
    expect(imports.flatMap(refusal)).toEqual([])
  })

  test('every folder of the product has a row', () => {
    const rowless = sources.filter(({ path }) => !FREE.test(path) && rowOf(path) === undefined)
    expect(rowless.map(({ path }) => path)).toEqual([])
  })

  test('imports of ours name a file that exists, with its ending', () => {
    const known = new Set(sources.map(({ path }) => path))
    const wrong = imports.filter(({ target, isOurs }) => isOurs && !known.has(target))
    expect(wrong.map(one => `${placeOf(one)} ${one.target}`)).toEqual([])
  })
})

test('imports go round in no circle', () => {
  expect(cycles()).toEqual([])
})

test('pure decisions neither wait nor promise', () => {
  const pure = sources.filter(({ path }) => startsWithOne(path, PURE_CORE))
  const waits = pure.flatMap(source =>
    source.code.flatMap((line, at) => {
      return /\b(async|await|Promise)\b/.test(line) ? [`${source.path}:${at + 1}`] : []
    }),
  )
  expect(waits).toEqual([])
})

/** A pure function, and a word. */
const PURE_HOST_TYPES: ReadonlySet<string> = new Set(['Crc32c', 'TimerKind'])

test('pure decisions ask the host for nothing', () => {
  const asking = imports.filter(({ source, target, names }) => {
    const isPure = startsWithOne(source.path, PURE_CORE)
    const named = names.split(/[{},\s]+/).filter(name => name !== '')
    return isPure && target === 'host/host.ts' && named.some(name => !PURE_HOST_TYPES.has(name))
  })
  expect(asking.map(one => `${placeOf(one)} ${one.names}`)).toEqual([])
})

test('nothing is a default export', () => {
  const places = sources.flatMap(({ path, code }) =>
    code.flatMap((line, at) => {
      return /^export default\b|\bas default\b/.test(line) && !/^[\w.]+\.config\.ts$/.test(path)
        ? [`${path}:${at + 1}`]
        : []
    }),
  )
  expect(places).toEqual([])
})

test('no file but the named tables and faces only passes on what others export', () => {
  const passing = sources.filter(({ path, withoutComments }) => {
    const passesAll = /^export (type )?\*/m.test(withoutComments)
    const passesSome = /^export (type )?\{[^}]*\}\s*from/m.test(withoutComments)
    const hasOwn = /^export (declare |async |abstract )*(const|function|class|interface|type \w)/m
    const isBarrel = passesAll || (passesSome && !hasOwn.test(withoutComments))
    return isBarrel && !BARRELS.has(path) && !FREE.test(path)
  })
  expect(passing.map(({ path }) => path)).toEqual([])
})

test('no folder but those named has an index', () => {
  const indexes = sources.filter(({ path }) => /\/index\.ts$/.test(path) && !FREE.test(path))
  expect(indexes.map(({ path }) => path).filter(path => !BARRELS.has(path))).toEqual([])
})

describe('these rules themselves', () => {
  test('see every form of import, and which are of types only', () => {
    const text = [
      "import assert from 'node:assert'",
      "import type { A } from './a.ts'",
      "import { type B, type C } from '../b.ts'",
      'import {\n  d,\n  type E,\n} from "../d.ts"'.replaceAll('"', "'"),
      "export { f } from './f.ts'",
      "import './g.ts'",
      `const h = await ${'import'}('./h.ts')`,
      "// import { no } from './comment.ts'",
    ].join('\n')
    const seen = importsOf(sourceOf('x/y/z.ts', text))
    expect(seen.map(({ line, target, isTypeOnly }) => [line, target, isTypeOnly])).toEqual([
      [1, 'node:assert', false],
      [2, 'x/y/a.ts', true],
      [3, 'x/b.ts', true],
      [4, 'x/d.ts', false],
      [8, 'x/y/f.ts', false],
      [9, 'x/y/g.ts', false],
      [10, 'x/y/h.ts', false],
    ])
  })

  test('refuse what the table refuses', () => {
    const refused = (path: string, text: string) => importsOf(sourceOf(path, text)).flatMap(refusal)
    expect(refused('storage/log.ts', "import { a } from '../broker/x.ts'")).toHaveLength(1)
    expect(refused('storage/log.ts', "import { a } from '../host/host.ts'")).toHaveLength(1)
    expect(refused('storage/log.ts', "import type { A } from '../host/host.ts'")).toEqual([])
    expect(refused('protocol/wire-reader.ts', "import { gunzip } from 'node:zlib'")).toHaveLength(1)
    expect(refused('broker/api/a.ts', "import { A } from '../partition/a.ts'")).toHaveLength(1)
    expect(refused('host/sim/a.ts', "import 'node:fs'")).toHaveLength(1)
  })
})

function rowOf(path: string): Row | undefined {
  return TABLE.find(({ files }) => startsWithOne(path, files))
}

/** The message for an import that its row refuses. */
function refusal(one: Import): string[] {
  const { source, target, isTypeOnly } = one
  const row = rowOf(source.path)
  if (FREE.test(source.path) || row === undefined) return []
  const isAllowed =
    startsWithOne(target, row.may) ||
    (isTypeOnly && startsWithOne(target, row.types ?? [])) ||
    startsWithOne(source.path, PACKAGES[target.split('/')[0] as string] ?? [])
  if (isAllowed) return []
  const kind = isTypeOnly ? 'types of ' : ''
  return [`${placeOf(one)} may not import ${kind}${target} (${row.files[0]}: ${row.why})`]
}

function importsOf(source: Source): Import[] {
  const text = source.withoutComments
  const importOf = (at: number, name: string, names = '', isTypeOnly = false): Import => {
    const isOurs = name.startsWith('.')
    const target = isOurs ? posix.join(posix.dirname(source.path), name) : name
    const line = text.slice(0, at).split('\n').length
    return { source, line, target, isOurs, isTypeOnly, names }
  }
  const named = [...text.matchAll(FROM)].map(({ index, 1: type, 2: names = '', 3: name = '' }) =>
    importOf(index, name, names, type !== undefined || namesTypesOnly(names)),
  )
  const whole = [...text.matchAll(BARE), ...text.matchAll(DYNAMIC)]
  return [...named, ...whole.map(({ index, 1: name = '' }) => importOf(index, name))]
}

function namesTypesOnly(names: string): boolean {
  const inside = /^\{([\s\S]*)\}$/.exec(names.trim())?.[1]
  if (inside === undefined) return false
  const each = inside.split(',').map(name => name.trim())
  return each.every(name => name === '' || name.startsWith('type '))
}

/** Circles of imports that exist at run time, each as the paths it goes through. */
function cycles(): string[] {
  const next = new Map<string, string[]>()
  for (const { source, target, isOurs, isTypeOnly } of imports) {
    if (!isOurs || isTypeOnly) continue
    next.set(source.path, [...(next.get(source.path) ?? []), target])
  }
  const found = new Set<string>()
  const done = new Set<string>()
  const walk = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path)
    if (at >= 0) found.add([...trail.slice(at), path].join(' -> '))
    if (at >= 0 || done.has(path)) return
    for (const target of next.get(path) ?? []) walk(target, [...trail, path])
    done.add(path)
  }
  for (const path of next.keys()) walk(path, [])
  return [...found]
}

function placeOf({ source, line }: Import): string {
  return `${source.path}:${line}`
}

function startsWithOne(path: string, starts: readonly string[]): boolean {
  return starts.some(start => path.startsWith(start))
}
