/** Names that are taken for the vector and the id of a point, in this order; case does not matter. */
export const VECTOR_NAMES = [
  'vector',
  'embedding',
  'embeddings',
  'emb',
  'vec',
  'dense_vector',
  'values',
  'features',
];
export const ID_NAMES = ['id', '_id', 'ids', 'qid', 'uid', 'uuid', 'key', 'doc_id', 'docid', 'document_id'];

/** The first of the known names that is among `names`. */
export function pickName(names: Iterable<string>, known: readonly string[]): string | undefined {
  const byLower = new Map<string, string>();
  for (const name of names) if (!byLower.has(name.toLowerCase())) byLower.set(name.toLowerCase(), name);
  for (const name of known) {
    const found = byLower.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}
