/**
 * Who may import whom. THINK HARD BEFORE CHANGING THIS TABLE: it is the architecture. A file that
 * needs what its row refuses is most often in the wrong folder, or asks for a thing where it should
 * be handed a value.
 */
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readSources, type Source, sourceOf } from './support/source.ts'

interface Row {
  /** Files whose path begins with one of these, unless an earlier row has them. */
  readonly files: readonly string[]
  /** What they may import: paths of ours that begin so, and modules of others by name. */
  readonly may: readonly string[]
  /** What they may import besides, but types only. */
  readonly types?: readonly string[]
  readonly why: string
}

const SEAM = ['host/disk-error.ts']
const HOST_TYPES = ['host/host.ts']

/** Decisions: they get numbers and values, and give records and replies. */
const PURE_CORE = [
  'broker/cluster/image.ts',
  'broker/cluster/delta.ts',
  'broker/cluster/commands.ts',
  'broker/cluster/controller.ts',
  'broker/cluster/create-topics.ts',
  'broker/cluster/plan.ts',
  'broker/cluster/topic-names.ts',
  'broker/cluster/transitions.ts',
  'broker/cluster/placement.ts',
  'broker/cluster/election.ts',
  'broker/cluster/liveness.ts',
  'broker/coordinator/group/',
  'broker/coordinator/machine.ts',
  'broker/coordinator/transaction/machine.ts',
  'broker/partition/validate.ts',
  'broker/partition/watermark.ts',
  'broker/partition/isr.ts',
  'broker/partition/truncation.ts',
  'broker/security/acl.ts',
]

const CORE_TYPES = [
  'broker/metadata/store.ts',
  'broker/cluster/',
  'broker/partition/',
  'broker/coordinator/',
  'broker/security/',
]

const BROKER_CORE = [
  'broker/partition/',
  'broker/coordinator/',
  'broker/metadata/',
  'broker/cluster/',
  'broker/security/',
  'broker/config/',
]

/** First match wins. */
const TABLE: readonly Row[] = [
  { files: ['host/host.ts', 'host/disk-error.ts'], may: [], why: 'the seam depends on nothing' },
  {
    files: ['host/node/native.ts'],
    may: ['host/node/', ...SEAM, 'node:', 'koffi', '@node-rs/crc32'],
    types: HOST_TYPES,
    why: 'the one importer of native packages',
  },
  {
    files: ['host/node/'],
    may: ['host/node/', ...SEAM, 'node:', 'pino'],
    types: HOST_TYPES,
    why: 'the real world, and nothing of the broker',
  },
  {
    files: ['host/sim/'],
    may: ['host/sim/', ...SEAM],
    types: HOST_TYPES,
    why: 'a world of its own: nothing real',
  },
  {
    files: ['protocol/records/compression.ts'],
    may: ['protocol/', 'node:assert', 'node:zlib'],
    why: 'the one importer of node:zlib',
  },
  { files: ['protocol/'], may: ['protocol/', 'node:assert'], why: 'bytes to values: pure' },
  {
    files: ['storage/'],
    may: ['storage/', 'protocol/records/', 'protocol/integers.ts', ...SEAM, 'node:assert'],
    types: [...HOST_TYPES, 'protocol/uuid.ts'],
    why: 'logs on disk: no sockets, no error codes, no clock, no logger',
  },
  {
    files: PURE_CORE,
    may: [
      ...['protocol/', 'storage/units.ts', ...PURE_CORE, 'node:assert'],
      ...['broker/cluster/values.ts', 'broker/config/alter.ts'],
    ],
    types: [...HOST_TYPES, ...CORE_TYPES],
    why: 'pure decisions: no Host, no Log, no config object',
  },
  {
    files: ['broker/config/', 'broker/cluster/values.ts'],
    may: ['broker/config/', 'broker/cluster/', 'protocol/', ...SEAM, 'node:assert', 'zod'],
    types: [...HOST_TYPES, 'storage/', 'broker/'],
    why: 'names and values of configuration',
  },
  {
    files: ['broker/api/'],
    may: [
      ...['broker/api/', 'protocol/', 'broker/config/', 'broker/security/', 'broker/services.ts'],
      ...['broker/cluster/image.ts', 'broker/cluster/commands.ts'],
      ...['broker/cluster/topic-names.ts', 'broker/partition/outcome.ts'],
      'broker/partition/delayed-fetch.ts',
    ],
    types: [...HOST_TYPES, 'broker/'],
    why: 'handlers reach partitions, coordinators and cluster through their context',
  },
  {
    files: ['broker/network/'],
    may: [
      'broker/network/',
      'broker/api/',
      'broker/security/',
      'protocol/',
      ...SEAM,
      'node:assert',
    ],
    types: [...HOST_TYPES, 'broker/services.ts', 'broker/config/'],
    why: 'requests in, responses out: no partition, no storage',
  },
  {
    files: ['broker/services.ts'],
    may: ['protocol/'],
    types: [...HOST_TYPES, 'broker/', 'storage/'],
    why: 'types only',
  },
  {
    files: [
      'broker/main.ts',
      'broker/start.ts',
      'broker/in-process.ts',
      'client/index.ts',
      'client/cli/',
    ],
    may: ['broker/', 'client/', 'host/', 'protocol/', 'storage/', 'node:', 'commander', 'zod'],
    why: 'composition roots choose the host',
  },
  {
    files: BROKER_CORE,
    may: [...BROKER_CORE, 'storage/', 'protocol/', ...SEAM, 'node:assert', 'node:crypto'],
    types: [...HOST_TYPES, 'broker/services.ts'],
    why: 'no network, no api, no implementation of a host',
  },
  {
    files: ['broker/'],
    may: ['broker/', 'storage/', 'protocol/', ...SEAM, 'node:assert'],
    types: HOST_TYPES,
    why: 'all of the broker, host types only',
  },
  {
    files: ['client/'],
    may: ['client/', 'protocol/', ...SEAM, 'node:assert', 'node:crypto'],
    types: HOST_TYPES,
    why: 'the other end of the wire shares only the protocol',
  },
]

/** Packages for one purpose each. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  msgpackr: ['broker/metadata/', 'broker/coordinator/'],
  zod: ['broker/metadata/'],
}

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

test('pure decisions ask the host for nothing: of its types they know a pure function', () => {
  const asking = imports.filter(({ source, target, names }) => {
    const isPure = startsWithOne(source.path, PURE_CORE)
    return isPure && target === 'host/host.ts' && names.replaceAll(/[{},\s]/g, '') !== 'Crc32c'
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
