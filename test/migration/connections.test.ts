import { describe, expect, test } from 'vitest';
import type { EngineDefinition } from '../../engines/contract/engine.js';
import { parseAddress } from '../../migration/connections/address.js';
import { parametersText, requireReadable } from '../../migration/connections/read-as.js';
import { resolveConnection } from '../../migration/connections/resolve.js';

const parse = (text: string) => parseAddress(text, ['pgvector', 'lancedb', 'qdrant']);

describe('a place', () => {
  test.each([
    ['lancedb:./folder', { address: './folder', collection: undefined, as: {} }],
    ['lancedb:./a#b/c#docs', { address: './a#b/c', collection: 'docs', as: {} }],
    [
      'pgvector:postgres://h/db#app.docs?key=doc_id&tenant=org',
      { address: 'postgres://h/db', collection: 'app.docs', as: { key: 'doc_id', tenant: 'org' } },
    ],
    [
      'pgvector:postgres://h/db#docs?omit=raw,a%2Cb&omit=%22x%22&text=body&uri=u',
      { collection: 'docs', as: { omit: ['raw', 'a,b', '"x"'], text: 'body', uri: 'u' } },
    ],
    ['lancedb:./f#what%3F%23%25?key=a%3Db', { collection: 'what?#%', as: { key: 'a=b' } }],
    ['lancedb:./f#100%25', { collection: '100%', as: {} }],
    ['lancedb:./f#50%ä', { collection: '50%ä', as: {} }],
    ['lancedb:./f#docs?key=a=b', { as: { key: 'a=b' } }],
  ])('%s', (text, expected) => {
    expect(parse(text)).toMatchObject(expected);
  });

  test.each([
    ['lancedb:./f#docs?kee=id', 'unknown parameter "kee" of the collection. Did you mean "key"?'],
    ['lancedb:./f#docs?', 'unknown parameter ""'],
    ['lancedb:./f#docs?key=', 'the parameter "key" names nothing'],
    ['lancedb:./f#docs?key=a&key=b', 'the parameter "key" is given twice'],
    ['lancedb:./f#docs?key=a&omit=a', '"a" is named for two things'],
    ['lancedb:./f#docs?key=%zz', 'holds a % that begins no character'],
    ['qdrant:https://h/?api_key=hush#docs?key=a', 'holds a credential in its parameter "api_key"'],
  ])('%s is a fault', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  test('shows no value of an unknown parameter, which may be a secret', () => {
    expect(() => parse('lancedb:./f#docs?password=hush-hush')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hush') }),
    );
  });

  test('has its parameters as text in one order, and read again they are the same', () => {
    const as = { omit: ['b,c', 'a'], tenant: 'o&g', key: 'ä#' };
    const text = parametersText({ as, details: {} });
    expect(text).toBe('?key=%C3%A4%23&tenant=o%26g&omit=a,b%2Cc');
    expect(parse(`lancedb:./f#docs${text}`).as).toEqual({ ...as, omit: ['a', 'b,c'] });
    expect(parametersText({ as: {}, details: {} })).toBe('');
  });

  test('names what cannot be said of an engine’s collections', () => {
    const definition = {
      title: 'Qdrant',
      capabilities: { points: { readAs: ['tenant'] } },
    } as unknown as EngineDefinition;
    expect(() => requireReadable(definition, { key: 'x' }, 'here')).toThrow('Qdrant has ids of its own');
    expect(() => requireReadable(definition, { omit: ['x'] }, 'here')).toThrow('it takes tenant');
    expect(requireReadable(definition, { tenant: 'x' }, 'here')).toBe(undefined);
  });
});

describe('a connection', () => {
  const connections = {
    prod: 'pgvector:postgres://h/db',
    docs: 'lancedb:./folder#docs',
    'with dash': 'qdrant:http://h',
  };

  test.each([
    ['prod', 'pgvector:postgres://h/db'],
    ['prod#app.docs?key=id', 'pgvector:postgres://h/db#app.docs?key=id'],
    ['docs', 'lancedb:./folder#docs'],
    ['with dash#x', 'qdrant:http://h#x'],
    ['lancedb:./other#docs', 'lancedb:./other#docs'],
  ])('%s is %s', (text, place) => {
    expect(resolveConnection(text, connections)).toBe(place);
  });

  test.each([
    ['prd#docs', 'there is no connection "prd". Did you mean "prod"?'],
    ['toString', 'there is no connection "toString"'],
    ['docs#others', 'the connection "docs" names its collection already'],
    ['', 'there is no connection ""'],
  ])('%s is a fault', (text, message) => {
    expect(() => resolveConnection(text, connections)).toThrow(message);
  });
});
