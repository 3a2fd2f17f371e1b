import { describe, expect, it } from 'vitest'
import { ProtocolViolation } from '../../protocol/errors.ts'
import {
  array,
  bool,
  bytes,
  type DraftOf,
  int8,
  int16,
  int32,
  int64,
  message,
  parseVersions,
  string,
  struct,
  type ValueOf,
} from '../../protocol/schema.ts'
import { WireReader } from '../../protocol/wire-reader.ts'
import { WireWriter } from '../../protocol/wire-writer.ts'

const Sample = message(
  7,
  'SampleRequest',
  { versions: '1-4', flexible: '3+' },
  {
    name: string('0+').nullable('2+'),
    limit: int32('0+').default(-1),
    old: string('0-1').default('').ignorable(),
    strict: bool('2+').default(false),
    parts: array('0+', { id: int32('0+'), note: string('2+').default('-') }),
    sizes: array('0+', int16).nullable('2+').default(null),
    place: struct('4+', { x: int8('4+'), y: int8('4+') })
      .nullable()
      .default(null),
    blob: bytes('0+').default(Buffer.alloc(0)),
    epoch: int64('3+').tag(1).default(-1),
    leader: struct('3+', { id: int32('3+').default(-1), host: string('3+') }).tag(0),
  },
)
type Sample = ValueOf<typeof Sample>

const encode = (version: number, draft: DraftOf<typeof Sample>) => {
  const writer = new WireWriter()
  Sample.encode(writer, version, draft)
  return writer.bytes().toString('hex')
}
const decode = (version: number, hex: string): Sample =>
  Sample.decode(new WireReader(Buffer.from(hex.replaceAll(' ', ''), 'hex')), version)

describe('a declaration', () => {
  it('knows its kind, versions and flexibility', () => {
    expect([Sample.key, Sample.kind, Sample.versions]).toEqual([7, 'request', { min: 1, max: 4 }])
    expect([2, 3, 4].map(version => Sample.isFlexible(version))).toEqual([false, true, true])
    expect(Sample.latestListed).toBe(4)
  })

  it('takes versions in four forms', () => {
    expect(parseVersions('3')).toEqual({ min: 3, max: 3 })
    expect(parseVersions('0-7')).toEqual({ min: 0, max: 7 })
    expect(parseVersions('3+')).toEqual({ min: 3, max: Number.POSITIVE_INFINITY })
    expect(parseVersions('none').max).toBeLessThan(0)
    expect(() => parseVersions('3..4')).toThrow('3..4')
  })
})

describe('encoding', () => {
  it('fills in what a draft leaves out, in nested structs too', () => {
    const hex = encode(2, { name: 'n', parts: [{ id: 5 }] })
    expect(hex).toBe(
      '00016e' + 'ffffffff' + '00' + '00000001' + '00000005' + '00012d' + 'ffffffff' + '00000000',
    )
  })

  it('sends a tagged field only where it differs from its default', () => {
    const plain = '00' + 'ffffffff' + '00' + '01' + '00' + '01'
    expect(encode(3, { name: null, parts: [] })).toBe(`${plain}00`)
    expect(encode(3, { name: null, parts: [], epoch: -1, leader: { host: '' } })).toBe(`${plain}00`)
    expect(encode(3, { name: null, parts: [], epoch: 2 })).toBe(`${plain}0101080000000000000002`)
    expect(encode(3, { name: null, parts: [], leader: { host: 'h' } })).toBe(
      `${plain}010007ffffffff026800`,
    )
  })

  it('puts a byte before a nullable struct', () => {
    const start = '00' + 'ffffffff' + '00' + '01' + '00'
    expect(encode(4, { name: null, parts: [] })).toBe(`${start}ff0100`)
    expect(encode(4, { name: null, parts: [], place: { x: 1, y: 2 } })).toBe(`${start}010102000100`)
  })

  it('drops an ignorable field where the version lacks it, and refuses to drop another', () => {
    expect(() => encode(2, { name: '', parts: [], old: 'dropped' })).not.toThrow()
    expect(() => encode(1, { name: '', parts: [], sizes: [], strict: true })).toThrow('strict')
    expect(() => encode(1, { name: '', parts: [], sizes: [], strict: false })).not.toThrow()
    expect(() => encode(2, { name: '', parts: [], epoch: 3 })).toThrow('epoch')
  })

  it('refuses null where the version has none, as our own mistake', () => {
    expect(() => encode(1, { name: null, parts: [], sizes: [] })).toThrow('SampleRequest v1.name')
    expect(() => encode(1, { name: '', parts: [] })).toThrow('SampleRequest v1.sizes')
    expect(() => encode(1, { name: null, parts: [], sizes: [] })).not.toThrow(ProtocolViolation)
  })
})

describe('decoding', () => {
  it('gives every field, those of other versions at their default', () => {
    expect(decode(1, '0001 6e 00000007 0000 00000000 00000000 00000000')).toEqual({
      name: 'n',
      limit: 7,
      old: '',
      strict: false,
      parts: [],
      sizes: [],
      place: null,
      blob: Buffer.alloc(0),
      epoch: -1,
      leader: { id: -1, host: '' },
    })
  })

  it('leaves what follows the body alone', () => {
    const reader = new WireReader(Buffer.from('000000000007000000000000000000000000000055', 'hex'))
    Sample.decode(reader, 1)
    expect(reader.remaining).toBe(1)
  })

  it('refuses null where the version has none', () => {
    expect(() => decode(1, 'ffff 00000007 0000 00000000 00000000 00000000')).toThrow(
      ProtocolViolation,
    )
    expect(() => decode(2, 'ffff 00000007 00 ffffffff ffffffff 00000000')).toThrow('parts is null')
  })

  it('refuses a tagged field whose size is not that of its value', () => {
    const start = '00 ffffffff 00 01 00 01'
    expect(decode(3, `${start} 01 01 08 0000000000000002`).epoch).toBe(2)
    expect(() => decode(3, `${start} 01 01 09 0000000000000002 00`)).toThrow(ProtocolViolation)
    expect(() => decode(3, `${start} 01 01 07 0000000000000002`)).toThrow(ProtocolViolation)
    expect(() => decode(3, `${start} 02 01 08 0000000000000002 01 00`)).toThrow(ProtocolViolation)
  })

  it('passes over a tag it does not know', () => {
    expect(decode(3, '00 ffffffff 00 01 00 01 01 63 02 aabb').epoch).toBe(-1)
  })

  it('refuses a version that does not exist', () => {
    for (const version of [-1, 0, 5, 1.5, Number.NaN]) {
      expect(() => decode(version, '00')).toThrow(ProtocolViolation)
    }
  })

  it('takes strings that are names of object properties for what they are', () => {
    const name = Buffer.from('__proto__').toString('hex')
    expect(decode(1, `0009 ${name} 00000007 0000 00000000 00000000 00000000`).name).toBe(
      '__proto__',
    )
  })
})

describe('a declaration that says how its value is built', () => {
  const versions = { versions: '0-1', flexible: '1+' }
  const fields = { a: int8('0+'), b: int8('1+').default(9), c: int8('1+').tag(0).default(5) }
  const built = (hex: string, version: number) =>
    message(1, 'BuiltRequest', versions, fields, at => ({
      a: at[0] as number,
      b: at[1] as number,
      c: at[2] as number,
    })).decode(new WireReader(Buffer.from(hex, 'hex')), version)

  it('reads the same, with defaults and tagged fields', () => {
    expect(built('01', 0)).toEqual({ a: 1, b: 9, c: 5 })
    expect(built('010200', 1)).toEqual({ a: 1, b: 2, c: 5 })
    expect(built('010201000103', 1)).toEqual({ a: 1, b: 2, c: 3 })
  })

  it('is refused if it mixes up its fields', () => {
    const wrong = message(1, 'WrongRequest', versions, fields, at => ({
      a: at[1] as number,
      b: at[0] as number,
      c: at[2] as number,
    }))
    expect(() => wrong.decode(new WireReader(Buffer.from('01', 'hex')), 0)).toThrow('built wrong')
  })
})

describe('a declaration whose usual drafts are written by hand', () => {
  const fields = { a: int8('0+'), b: int8('1+').default(9) }
  const write =
    (version: number) => (writer: WireWriter, draft: { a: number; b?: number | undefined }) => {
      if (draft.b !== undefined) return false
      writer.int8(draft.a + 100 + version)
      return true
    }
  const list = array('0+', fields, null, { write })
  const versions = { versions: '0-1', flexible: 'none' }
  const written = (version: number, ...drafts: { a: number; b?: number }[]) => {
    const writer = new WireWriter()
    message(1, 'HandRequest', versions, { list }).encode(writer, version, { list: drafts })
    return [...writer.bytes().subarray(4)]
  }

  it('writes the others itself, and refuses what the version cannot carry', () => {
    expect(written(1, { a: 1 }, { a: 2, b: 3 }, { a: 4 })).toEqual([102, 2, 3, 105])
    expect(written(0, { a: 1 }, { a: 2, b: 9 })).toEqual([101, 2])
    expect(() => written(0, { a: 2, b: 3 })).toThrow('list.b is set')
  })
})
