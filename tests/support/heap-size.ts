/**
 * An upper estimate of the V8 heap that a decoded value holds, from the sizes of V8's objects on
 * 64 bits: enough to tell an amplification from a value.
 */
export function heapBytes(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return value.length === 0 ? 0 : 24 + 2 * value.length
    case 'number':
      return Number.isInteger(value) && Math.abs(value) < 2 ** 30 ? 0 : 16
    case 'object':
      return value === null ? 0 : objectBytes(value)
    default:
      return 0
  }
}

function objectBytes(value: object): number {
  // Shared defaults are frozen, and cost nothing where they are used.
  if (Object.isFrozen(value)) return 0
  if (value instanceof Uint8Array) return value.length === 0 ? 0 : 120
  if (Array.isArray(value)) {
    if (value.length === 0) return 32
    return value.reduce((sum: number, element) => sum + 8 + heapBytes(element), 48)
  }
  return Object.values(value).reduce((sum: number, of) => sum + 8 + heapBytes(of), 24)
}
