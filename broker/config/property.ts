import * as z from 'zod/mini'

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
  readonly unit?: 'ms' | 's' | 'min' | 'h' | 'bytes'
  readonly update?: UpdateMode
  /** 'ignored': Kafka knows it, this broker reads and reports it but does not act on it. */
  readonly accepted?: 'acts' | 'ignored'
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
  readonly unit: PropertyRules['unit']
  readonly update: UpdateMode
  readonly accepted: 'acts' | 'ignored'
  // Made when first asked for: most never are, and start-up should not pay.
  #schema: z.ZodMiniType | null = null
  #defaultValue: PropertyValue | undefined

  constructor(kind: PropertyKind, defaultText: string | null, rules: PropertyRules) {
    this.kind = kind
    this.defaultText = defaultText
    this.doc = rules.doc
    this.min = rules.min
    this.max = rules.max
    this.oneOf = rules.oneOf
    this.unit = rules.unit
    this.update = rules.update ?? 'read-only'
    this.accepted = rules.accepted ?? 'acts'
  }

  /** The default as code reads it. Not validated: a test holds every default against its rules. */
  get defaultValue(): PropertyValue {
    if (this.#defaultValue === undefined) {
      this.#defaultValue = this.defaultText === null ? null : convert(this.kind, this.defaultText)
    }
    return this.#defaultValue
  }

  /** Reads what a person or a client wrote. */
  parse(text: string): Parsed {
    const trimmed = this.kind === 'password' ? text : text.trim()
    const expected = wellFormed(this.kind, trimmed)
    if (expected !== null) return refusal(`expected ${expected}`, trimmed)
    const value = convert(this.kind, trimmed)
    this.#schema ??= buildSchema(this)
    const checked = this.#schema.safeParse(value)
    if (checked.success) return { ok: true, value }
    return refusal(`expected ${checked.error.issues[0]?.message ?? 'another value'}`, trimmed)
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

/** A parsed value, or one clause saying what was expected. */
export type Parsed = { readonly ok: true; readonly value: PropertyValue } | Refusal

export interface Refusal {
  readonly ok: false
  /** "expected at least 1048576, got 3". */
  readonly reason: string
}

const WHOLE = /^[+-]?\d+$/
const FRACTION = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

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
    case 'double':
      return Number(text)
    case 'long':
      return longValue(text)
    case 'list':
      return listElements(text)
    default:
      return text
  }
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

/** The elements of a comma-separated value; none for an empty one. */
export function listElements(text: string): string[] {
  return text
    .split(',')
    .map(element => element.trim())
    .filter(element => element !== '')
}

const KIND_LIMIT: Partial<Record<PropertyKind, number>> = { int: INT_MAX, short: 32767 }

function buildSchema(property: Property<unknown>): z.ZodMiniType {
  const { kind, min, max, oneOf } = property
  if (kind === 'boolean') return z.boolean()
  if (kind === 'int' || kind === 'short' || kind === 'long' || kind === 'double') {
    const limit = KIND_LIMIT[kind]
    const low = min ?? (limit === undefined ? Number.NEGATIVE_INFINITY : -limit - 1)
    const high = max ?? limit ?? Number.POSITIVE_INFINITY
    return z.custom<number>(value => typeof value === 'number' && value >= low && value <= high, {
      error: issue =>
        typeof issue.input === 'number' && issue.input < low
          ? `at least ${low}`
          : `at most ${high === Number.POSITIVE_INFINITY ? LONG_MAX_TEXT : high}`,
    })
  }
  if (oneOf === undefined) return kind === 'list' ? z.array(z.string()) : z.string()
  const one = z.enum(oneOf as [string, ...string[]], { error: `one of ${oneOf.join(', ')}` })
  return kind === 'list' ? z.array(one) : one
}
