import { type Redactor, redactor, type Secret } from './redact.js';

/**
 * What this process knows and must neither show nor store. Whatever writes a file or prints (`files.ts`, `print.ts`)
 * passes all of it through here; so does whatever shortens a value.
 */
const known = new Map<string, Secret>();
let current: Redactor = redactor([]);

/** From now on these values are hidden. A value that is known keeps its first name. */
export function keepSecrets(secrets: readonly Secret[]): void {
  const before = known.size;
  for (const secret of secrets)
    if (secret.value !== '' && !known.has(secret.value)) known.set(secret.value, secret);
  if (known.size !== before) current = redactor([...known.values()]);
}

/** Credentials of a server, by what they are: `password`, `apiKey`. */
export function keepCredentials(credentials: Readonly<Record<string, string>>): void {
  keepSecrets(
    Object.entries(credentials).map(([name, value]) => ({
      name,
      value,
      shown: `<${name}>`,
      credential: true,
    })),
  );
}

/** For processes of our own, which have to hide the same. */
export function knownSecrets(): readonly Secret[] {
  return [...known.values()];
}

/** A text of others (a server, an engine, a file) or for people, without secrets. */
export function hideSecrets(text: string): string {
  return current.text(text);
}

/** Every string inside a JSON-like value of others, keys included. */
export function hideSecretsIn<T>(value: T): T {
  return current.json(value);
}

/** A whole file, without what can only be a secret. */
export function hideInFile(text: string, wrap?: (shown: string) => string): string {
  return current.firm(text, wrap);
}
