/** Java's String.hashCode: which partition a group is in, for Apache Kafka and for us. An int32. */
export function javaHash(text: string): number {
  let hash = 0
  for (let at = 0; at < text.length; at++) hash = (Math.imul(31, hash) + text.charCodeAt(at)) | 0
  return hash
}
