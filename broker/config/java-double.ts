/**
 * A double as java.lang.Double prints it, which is how Kafka tells it: `1.0`, `1.0E-4`,
 * `1.7976931348623157E308`.
 */
export function javaDouble(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const size = Math.abs(value)
  if (size >= 1e-3 && size < 1e7) {
    const text = String(value)
    return text.includes('.') ? text : `${text}.0`
  }
  const [digits = '', exponent = ''] = value.toExponential().split('e')
  const mantissa = digits.includes('.') ? digits : `${digits}.0`
  return `${mantissa}E${exponent.replace('+', '')}`
}
