import type { Metric } from '../../../datasets/dataset.js';

/** What an embedding model's card says of its vectors. */
export interface ModelFacts {
  /** Part of the model's name, lower case. */
  name: RegExp;
  /** Dimensions it gives; `upTo`: it can be asked for fewer. */
  dimensions: readonly number[];
  upTo?: true;
  /** Whether its vectors have norm 1. */
  unit: boolean | undefined;
  /** Metrics that its makers recommend; for vectors of norm 1 all of them give the same order. */
  metrics: readonly Metric[];
}

const ANY: readonly Metric[] = ['cosine', 'dot', 'l2'];

/** The models that public sets are made with most; the first that fits counts. */
const MODELS: readonly ModelFacts[] = [
  { name: /text-embedding-3-small/, dimensions: [1536], upTo: true, unit: true, metrics: ANY },
  { name: /text-embedding-3-large/, dimensions: [3072], upTo: true, unit: true, metrics: ANY },
  { name: /ada-002/, dimensions: [1536], unit: true, metrics: ANY },
  { name: /all-minilm-l(6|12)/, dimensions: [384], unit: true, metrics: ANY },
  { name: /all-mpnet-base/, dimensions: [768], unit: true, metrics: ANY },
  { name: /multi-qa-.*-dot/, dimensions: [768], unit: false, metrics: ['dot'] },
  { name: /multi-qa-minilm.*-cos/, dimensions: [384], unit: true, metrics: ANY },
  { name: /multi-qa-mpnet.*-cos/, dimensions: [768], unit: true, metrics: ANY },
  { name: /msmarco-.*(tas-b|dot|cocondensor)/, dimensions: [768], unit: false, metrics: ['dot'] },
  { name: /contriever/, dimensions: [768], unit: false, metrics: ['dot'] },
  { name: /bge-small/, dimensions: [384], unit: undefined, metrics: ['cosine'] },
  { name: /bge-base/, dimensions: [768], unit: undefined, metrics: ['cosine'] },
  { name: /bge-(large|m3)/, dimensions: [1024], unit: undefined, metrics: ['cosine'] },
  { name: /e5-small/, dimensions: [384], unit: undefined, metrics: ['cosine'] },
  { name: /e5-base/, dimensions: [768], unit: undefined, metrics: ['cosine'] },
  { name: /e5-large/, dimensions: [1024], unit: undefined, metrics: ['cosine'] },
  { name: /gte-small/, dimensions: [384], unit: undefined, metrics: ['cosine'] },
  { name: /gte-base/, dimensions: [768], unit: undefined, metrics: ['cosine'] },
  { name: /gte-large/, dimensions: [1024], unit: undefined, metrics: ['cosine'] },
  {
    name: /embed-(english|multilingual)-v3/,
    dimensions: [1024],
    unit: undefined,
    metrics: ['cosine', 'dot'],
  },
  { name: /nomic-embed-text/, dimensions: [768], upTo: true, unit: undefined, metrics: ['cosine'] },
  { name: /clip-vit-(b|base)/, dimensions: [512], unit: undefined, metrics: ['cosine'] },
  { name: /clip-vit-(l|large)/, dimensions: [768], unit: undefined, metrics: ['cosine'] },
];

export function modelFacts(name: string): ModelFacts | undefined {
  const plain = name.toLowerCase().replaceAll('_', '-');
  return MODELS.find((model) => model.name.test(plain));
}
