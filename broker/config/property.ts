import { javaDouble } from './java-double.ts'

/** How a value is written, with Kafka's type names (DescribeConfigs v3 tells them to clients). */
export type PropertyKind =
  | 'boolean'
  | 'string'
  | 'int'
  | 'short'
  | 'long'
  | 'double'
  | 'list'
  | 'class'
  | 'password'

/** Whether a change needs a restart, or takes effect for one broker or for all at once. */
export type UpdateMode = 'read-only' | 'per-broker' | 'cluster-wide'

export interface PropertyRules {
  readonly doc: string
  /** Inclusive. */
  readonly min?: number
  /** Inclusive. */
  readonly max?: number
  /** The values (of a list: the elements) allowed. */
  readonly oneOf?: readonly string[]
  /** Whether `oneOf` is compared without regard to capitals; its values are in small letters. */
  readonly ignoreCase?: boolean
  /** Whether a list keeps elements that are empty or that repeat; other lists do not. */
  readonly keepsRepeats?: boolean
  /** Whether a description leaves the property out while nobody has set it. */
  readonly toldWhenSet?: boolean
  /** What else a value must be: null, or what was expected ("at least 1"). */
  readonly check?: (value: PropertyValue) => string | null
  readonly unit?: 'ms' | 's' | 'min' | 'h' | 'bytes'
  readonly update?: UpdateMode
  /** 'ignored': Kafka knows it, this broker reads and reports it but does not act on it. */
  readonly accepted?: 'acts' | 'ignored'
  /** True: Kafka reads it and tells no client of it (DescribeConfigs). */
  readonly isUntold?: boolean
}

/** One setting, declared once: its parser, its documentation, its default. */
export class Property<T> {
  /** Only for the type: what code reads. */
  declare readonly type: T
  readonly kind: PropertyKind
  /** As Kafka prints it; null is unset. */
  readonly defaultText: string | null
  readonly doc: string
  readonly min: number | undefined
  readonly max: number | undefined
  readonly oneOf: readonly string[] | undefined
  readonly keepsRepeats: boolean
  readonly toldWhenSet: boolean
  readonly unit: PropertyRules['unit']
  readonly update: UpdateMode
  readonly accepted: 'acts' | 'ignored'
  readonly isUntold: boolean
  readonly #ignoreCase: boolean
  readonly #check: ((value: PropertyValue) => string | null) | undefined
  #defaultValue: PropertyValue | undefined

  constructor(kind: PropertyKind, defaultText: string | null, rules: PropertyRules) {
    this.kind = kind
    this.defaultText = defaultText
    this.doc = rules.doc
    this.min = rules.min
    this.max = rules.max
    this.oneOf = rules.oneOf
    this.keepsRepeats = rules.keepsRepeats ?? false
    this.toldWhenSet = rules.toldWhenSet ?? false
    this.#ignoreCase = rules.ignoreCase ?? false
    this.#check = rules.check
    this.unit = rules.unit
    this.update = rules.update ?? 'read-only'
    this.accepted = rules.accepted ?? 'acts'
    this.isUntold = rules.isUntold ?? false
  }

  /** The default as code reads it. Not validated: a test holds every default against its rules. */
  get defaultValue(): PropertyValue {
    if (this.#defaultValue === undefined) {
      this.#defaultValue = this.defaultText === null ? null : convert(this.kind, this.defaultText)
    }
    return this.#defaultValue
  }

  /**
   * Reads what a person or a client wrote, as Kafka reads it: blanks around the value do not count,
   * nor does a plus sign before a number, nor do capitals in a boolean.
   */
  parse(text: string): Parsed {
    const trimmed = text.trim()
    const fault = wellFormed(this.kind, trimmed) ?? this.#listFault(trimmed)
    if (fault !== null) return refusal(`expected ${fault}`, trimmed)
    const value = convert(this.kind, trimmed)
    const expected = this.#rangeFault(value) ?? this.#choiceFault(value) ?? this.#check?.(value)
    if (expected !== undefined && expected !== null) {
      return refusal(`expected ${expected}`, trimmed)
    }
    return { ok: true, value, text: this.#normalForm(trimmed) }
  }

  /** How Kafka tells a value that was written as `text`; what does not parse stays as it is. */
  normalForm(text: string): string {
    const parsed = this.parse(text)
    return parsed.ok ? parsed.text : text
  }

  #normalForm(trimmed: string): string {
    switch (this.kind) {
      case 'boolean':
        return trimmed.toLowerCase()
      case 'int':
      case 'short':
      case 'long':
        return String(BigInt(trimmed.replace('+', '')))
      case 'double':
        return javaDouble(doubleValue(trimmed))
      case 'list': {
        const elements = splitList(trimmed)
        return (this.keepsRepeats ? elements : [...new Set(elements)]).join(',')
      }
      default:
        return trimmed
    }
  }

  #listFault(trimmed: string): string | null {
    if (this.kind !== 'list' || this.keepsRepeats) return null
    return splitList(trimmed).includes('') ? 'no empty element' : null
  }

  #rangeFault(value: PropertyValue): string | null {
    if (typeof value !== 'number') return null
    const limit = KIND_LIMIT[this.kind]
    const low = this.min ?? (limit === undefined ? Number.NEGATIVE_INFINITY : -limit - 1)
    const high = this.max ?? limit ?? Number.POSITIVE_INFINITY
    if (value < low) return `at least ${low}`
    if (value <= high) return null
    return `at most ${high === Number.POSITIVE_INFINITY ? LONG_MAX_TEXT : high}`
  }

  #choiceFault(value: PropertyValue): string | null {
    const { oneOf } = this
    if (oneOf === undefined) return null
    const chosen = Array.isArray(value) ? value : [value]
    const isAllowed = (one: string) => oneOf.includes(this.#ignoreCase ? one.toLowerCase() : one)
    return chosen.every(isAllowed) ? null : `one of ${oneOf.join(', ')}`
  }
}

const INT_MAX = 2147483647
const LONG_MAX_TEXT = '9223372036854775807'

export function boolean(defaultText: 'true' | 'false', rules: PropertyRules): Property<boolean> {
  return new Property('boolean', defaultText, rules)
}

export function int(defaultText: string, rules: PropertyRules): Property<number> {
  return new Property('int', defaultText, rules)
}

export function short(defaultText: string, rules: PropertyRules): Property<number> {
  return new Property('short', defaultText, rules)
}

/** Values a double cannot hold exactly are unlimited: they read as Infinity. */
export function long(defaultText: string, rules: PropertyRules): Property<number> {
  return new Property('long', defaultText, rules)
}

/** A `long` that may be unset. */
export function optionalLong(rules: PropertyRules): Property<number | null> {
  return new Property('long', null, rules)
}

export function optionalInt(rules: PropertyRules): Property<number | null> {
  return new Property('int', null, rules)
}

export function double(defaultText: string, rules: PropertyRules): Property<number> {
  return new Property('double', defaultText, rules)
}

export function string(defaultText: string, rules: PropertyRules): Property<string> {
  return new Property('string', defaultText, rules)
}

/** A string of a closed set. */
export function choice<const V extends readonly string[]>(
  defaultText: V[number],
  oneOf: V,
  rules: PropertyRules,
): Property<V[number]> {
  return new Property('string', defaultText, { ...rules, oneOf })
}

export function optionalString(rules: PropertyRules): Property<string | null> {
  return new Property('string', null, rules)
}

/** Comma-separated; spaces around elements do not count. */
export function list(defaultText: string, rules: PropertyRules): Property<readonly string[]> {
  return new Property('list', defaultText, rules)
}

/** An unset list. */
export function optionalList(rules: PropertyRules): Property<readonly string[] | null> {
  return new Property('list', null, rules)
}

export type PropertyValue = boolean | number | string | readonly string[] | null

/** A value and its normal form, or one clause saying what was expected. */
export type Parsed =
  | { readonly ok: true; readonly value: PropertyValue; readonly text: string }
  | Refusal

export interface Refusal {
  readonly ok: false
  /** "expected at least 1048576, got 3". */
  readonly reason: string
}

const WHOLE = /^[+-]?\d+$/
/** Java's decimal literals, with their suffixes. Digits match in one way: values can be long. */
const FRACTION = /^[+-]?((\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?[fd]?|Infinity)$/i

function refusal(expectation: string, text: string): Refusal {
  return { ok: false, reason: `${expectation}, got ${text === '' ? 'nothing' : text}` }
}

function wellFormed(kind: PropertyKind, text: string): string | null {
  switch (kind) {
    case 'boolean':
      return /^(true|false)$/i.test(text) ? null : 'true or false'
    case 'int':
    case 'short':
    case 'long':
      return WHOLE.test(text) ? null : 'a whole number'
    case 'double':
      return FRACTION.test(text) ? null : 'a number'
    default:
      return null
  }
}

function convert(kind: PropertyKind, text: string): PropertyValue {
  switch (kind) {
    case 'boolean':
      return text.toLowerCase() === 'true'
    case 'int':
    case 'short':
      return Number(text)
    case 'double':
      return doubleValue(text)
    case 'long':
      return longValue(text)
    case 'list':
      return listElements(text)
    default:
      return text
  }
}

function doubleValue(text: string): number {
  return Number(text.replace(/(\d\.?)[fd]$/i, '$1'))
}

function longValue(text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number)) return number
  // Above 2^63-1 it is no long: an impossible value, for the range check to refuse.
  const digits = text.replace(/^[+]?0*/, '')
  const isLong =
    digits.length < LONG_MAX_TEXT.length ||
    (digits.length === LONG_MAX_TEXT.length && digits <= LONG_MAX_TEXT)
  return number > 0 && isLong ? Number.POSITIVE_INFINITY : Number.NaN
}

/** The elements of a comma-separated value that are not empty; none for an empty value. */
export function listElements(text: string): string[] {
  return splitList(text.trim()).filter(element => element !== '')
}

/** Kafka's elements of a list: an empty value has none, `a,,b` has an empty one. */
function splitList(trimmed: string): string[] {
  // Not by /\s*,\s*/: that looks at a run of n blanks n * n / 2 times.
  return trimmed === '' ? [] : trimmed.split(',').map(element => element.trim())
}

const KIND_LIMIT: Partial<Record<PropertyKind, number>> = { int: INT_MAX, short: 32767 }
