/** Names of parameters of an address that hold a credential. */
export const CREDENTIAL_PARAMETER =
  /pass(word|wd|phrase)?$|pwd$|secret|token|api[-_]?key|access[-_]?key|^key$|^auth|credential|signature|^sig$|jwt/i;

const VARIABLE = /^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/;

/**
 * What of an address would be a credential in the open, to complete `holds …`; undefined: nothing. Text that is no
 * address is looked at, too.
 *
 * @param variables `${NAME}` stands for a value that is not written here: as user and password it is none
 */
export function credentialInUrl(text: string, { variables }: { variables: boolean }): string | undefined {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? [];
  // As far as the last @ of the authority, which begins no path, parameter or fragment.
  const user = /^([^/?#]*)@/s.exec(rest)?.[1];
  const hidden = (part: string) => part === '' || (variables && VARIABLE.test(part));
  if (user !== undefined) {
    const colon = user.indexOf(':');
    if (colon >= 0 && !hidden(user.slice(colon + 1))) return 'a password';
    if (colon < 0 && /^https?$/i.test(scheme) && !hidden(user)) return 'a credential before the @';
  }
  for (const [, name] of text.matchAll(/[?&;]([^=&;#]+)=/g)) {
    const plain = decoded(name!);
    if (CREDENTIAL_PARAMETER.test(plain)) return `a credential in its parameter "${plain}"`;
  }
  return undefined;
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
