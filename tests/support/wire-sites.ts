/**
 * Where in a valid message the lengths, tags and texts are. A second, slow reading of the same
 * declarations, so that a fuzzer can lie about one thing at a time.
 */
import type { Message, VersionRange } from '../../protocol/schema.ts'
import type { ElementType, FieldSpec, Fields } from '../../protocol/schema-types.ts'

export interface Site {
  readonly kind: 'int16' | 'int32' | 'uvarint' | 'null-marker' | 'text' | 'tag-count' | 'tag'
  readonly at: number
  readonly sizeBytes: number
  /** What is written there: a length or count as such, -1 for null. */
  readonly value: number
}

const FIXED_BYTES = {
  int8: 1,
  bool: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  float64: 8,
  uuid: 16,
} as const

/** All sites of the message that starts at `start`, front to back. */
export function findSites(
  message: Message,
  version: number,
  bytes: Buffer,
  start = 0,
): readonly Site[] {
  const walk = new SiteWalk(bytes, start, version)
  walk.struct(message.fields, message.isFlexible(version))
  return walk.sites
}

class SiteWalk {
  readonly sites: Site[] = []
  readonly #bytes: Buffer
  readonly #version: number
  #at: number

  constructor(bytes: Buffer, start: number, version: number) {
    this.#bytes = bytes
    this.#at = start
    this.#version = version
  }

  struct(fields: Fields, isFlexible: boolean): void {
    const specs = Object.values(fields).map(field => field.spec)
    const isTagged = (spec: FieldSpec) => isFlexible && this.#has(spec.tagged)
    for (const spec of specs) {
      if (!isTagged(spec) && this.#has(spec.versions)) this.#field(spec, isFlexible)
    }
    if (!isFlexible) return
    const count = this.#uvarint('tag-count', 0)
    for (let i = 0; i < count; i++) {
      const tag = this.#uvarint('tag', 0)
      this.#uvarint('uvarint', 0)
      const field = specs.find(spec => isTagged(spec) && spec.tagNumber === tag)
      if (field === undefined) throw new Error(`tag ${tag} in a message of our own`)
      this.#field(field, isFlexible)
    }
  }

  #has({ min, max }: VersionRange): boolean {
    return this.#version >= min && this.#version <= max
  }

  #field({ type, nullable }: FieldSpec, isFlexible: boolean): void {
    const isArray = type.kind === 'array'
    const element = isArray ? type.element : type
    const count = isArray ? this.#length('int32', isFlexible) : 1
    for (let i = 0; i < count; i++)
      this.#value(element, !isArray && this.#has(nullable), isFlexible)
  }

  #value(type: ElementType, isNullable: boolean, isFlexible: boolean): void {
    switch (type.kind) {
      case 'struct':
        if (!isNullable || this.#nullMarker() >= 0) this.struct(type.fields, isFlexible)
        break
      case 'string': {
        const sizeBytes = this.#length('int16', isFlexible)
        if (sizeBytes > 0) this.#push('text', sizeBytes, 0)
        break
      }
      case 'bytes':
      case 'records': {
        const sizeBytes = this.#length('int32', isFlexible)
        this.#at += Math.max(0, sizeBytes)
        break
      }
      default:
        this.#at += FIXED_BYTES[type.kind]
    }
  }

  #length(kind: 'int16' | 'int32', isFlexible: boolean): number {
    return isFlexible ? this.#uvarint('uvarint', 1) : this.#int(kind)
  }

  #nullMarker(): number {
    const value = this.#bytes.readInt8(this.#at)
    this.#push('null-marker', 1, value)
    return value
  }

  #int(kind: 'int16' | 'int32'): number {
    const sizeBytes = kind === 'int16' ? 2 : 4
    const value = this.#bytes.readIntBE(this.#at, sizeBytes)
    this.#push(kind, sizeBytes, value)
    return value
  }

  /** Compact lengths are sent with one added. */
  #uvarint(kind: 'uvarint' | 'tag-count' | 'tag', added: 0 | 1): number {
    let value = 0
    let sizeBytes = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.#at + sizeBytes++]!
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) break
    }
    this.#push(kind, sizeBytes, value - added)
    return value - added
  }

  #push(kind: Site['kind'], sizeBytes: number, value: number): void {
    this.sites.push({ kind, at: this.#at, sizeBytes, value })
    this.#at += sizeBytes
    if (this.#at > this.#bytes.length) throw new Error('walked past the end of a valid message')
  }
}
