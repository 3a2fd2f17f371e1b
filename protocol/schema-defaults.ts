/** Kafka's implicit defaults: what a field is when nothing was said of it. */
import type { FieldType } from './schema-types.ts'
import { NO_UUID } from './uuid.ts'

const NO_BYTES = Buffer.alloc(0)
/** Shared by all values that lack an array: types make it readonly, and this makes sure. */
const NO_ELEMENTS: readonly unknown[] = Object.freeze([])

/** 0, false, '', no bytes, no elements, the zero id; for a struct, that of each of its fields. */
export function zeroOf(type: FieldType): unknown {
  switch (type.kind) {
    case 'string':
      return ''
    case 'bool':
      return false
    case 'uuid':
      return NO_UUID
    case 'bytes':
    case 'records':
      return NO_BYTES
    case 'array':
      return NO_ELEMENTS
    case 'struct':
      return Object.freeze(
        Object.fromEntries(
          Object.entries(type.fields).map(([name, { spec }]) => [
            name,
            spec.fallback === undefined ? zeroOf(spec.type) : spec.fallback,
          ]),
        ),
      )
    default:
      return 0
  }
}

/** Whether a value equals its default, at every depth; a missing field counts as its default. */
export function isDefault(value: unknown, fallback: unknown): boolean {
  if (value === undefined || value === fallback) return true
  if (typeof value !== 'object' || typeof fallback !== 'object') return false
  if (value === null || fallback === null) return false
  if (value instanceof Uint8Array) return value.length === 0
  if (Array.isArray(value)) return value.length === 0
  return Object.entries(fallback).every(([name, of]) =>
    isDefault((value as Record<string, unknown>)[name], of),
  )
}
