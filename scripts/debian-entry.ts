/** What the catalog says of the bundled set, beside what is counted while it is written. */
export const ENTRY = {
  name: 'debian-packages-20k',
  title: 'Debian packages, 20,000-point subset (bundled)',
  description:
    '20,000 package descriptions of Debian 12 (bookworm) main, amd64, embedded with all-MiniLM-L6-v2 ' +
    '(384 dimensions, normalised, stored as float16), with typed metadata. Query set new-packages: 5,000 ' +
    'packages that are new in Debian 13; 3.98% of them tie exactly at rank 10. Query set facets: 292 ' +
    'queries over debtags with graded judgements; most packages carry no tags, so good answers are often ' +
    'unjudged and absolute scores are biased low: use them to compare, not by themselves. The subset was drawn ' +
    'with seed 20261124: up to 12 fully and 6 partly relevant packages of every facet query, the rest by ' +
    'section in proportion. source_in_corpus, synopsis_in_corpus, section_docs, maintainer_docs, grade2 and ' +
    'grade1 of the queries refer to the subset.',
  licence:
    'Package names and metadata: facts from the Debian archive (main, DFSG-free), published with it by the ' +
    'package maintainers; no single licence is stated for them. Synopses, descriptions and query texts are left ' +
    'out, because their licences differ by package. Vectors: computed with all-MiniLM-L6-v2 (Apache-2.0).',
  provenance:
    'Debian 12.15 (2026-07-11) Packages sha256 515e692f2c4121c6fcec444ef100cc18f79a991910615f3a88c8b7becfc94d2f, ' +
    'Translation-en 62f59c3cdca9786e4f7adf9002f9f5729a684adcb4667e58e448dec9b5a46c7f; Debian 13.7 (2026-09-12) ' +
    'Packages sha256 4f2c68d67001d595fbd343f6dbad44468953a51c4d9dec3a4803249f6e295940, Translation-en ' +
    '7471efb05908dd777f076b71e12786723d2aeb2fb98d5d0258bc93198e33b07d. Text embedded: "synopsis. description", ' +
    'at most 256 tokens, mean pooling, L2 norm (onnxruntime, float32). Maintainers by name only.',
  metric: 'cosine',
  dimensions: 384,
  count: 20000,
  format: 'parquet',
  location: 'bundled',
  points: { file: 'points.parquet' },
  querySets: [
    { name: 'new-packages', count: 5000, file: 'queries-new.parquet' },
    { name: 'facets', count: 292, file: 'queries-facets.parquet', qrels: 'qrels-facets.tsv' },
  ],
} as const;
