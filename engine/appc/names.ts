/** The kinds of names that appc knows. Each function says what is wrong, in the reference implementation's words. */

/** Names of apps, volumes and ports. They are also names of folders, so nothing else may pass. */
export function acNameMistake(name: string): string | undefined {
  if (name === "") return "ACName cannot be empty";
  if (/[^a-z0-9-]/.test(name)) {
    return 'ACName must contain only lower case alphanumeric characters plus "-"';
  }
  if (/^-|-$/.test(name)) return "ACName must start and end with only lower case alphanumeric characters";
  return undefined;
}

/** Names of images, labels, annotations and isolators. */
export function acIdentifierMistake(identifier: string): string | undefined {
  if (identifier === "") return "ACIdentifier cannot be empty";
  if (/[^a-z0-9\-._~/]/.test(identifier)) {
    return 'ACIdentifier must contain only lower case alphanumeric characters plus "-._~/"';
  }
  if (/^[-._~/]|[-._~/]$/.test(identifier)) {
    return "ACIdentifier must start and end with only lower case alphanumeric characters";
  }
  return undefined;
}

/** `sha512-` and hex digits; as many of them as the writer kept. */
export function imageIdMistake(id: string): string | undefined {
  const [kind = "", digits, ...rest] = id.split("-");
  if (digits === undefined || rest.length > 0) return "badly formatted hash string";
  if (kind === "") return "unexpected empty hash type";
  if (kind !== "sha512") return `unrecognized hash type: ${kind}`;
  if (digits === "") return "unexpected empty hash value";
  if (!/^[0-9a-f]{1,128}$/.test(digits)) return "a hash holds at most 128 lower case hex digits";
  return undefined;
}

export function environmentNameMistake(name: string): string | undefined {
  if (name === "") return "environment variable name must not be empty";
  if (!/^[A-Za-z_][A-Za-z_0-9.-]*$/.test(name)) {
    return `environment variable does not have valid identifier ${JSON.stringify(name)}`;
  }
  return undefined;
}

export function versionMistake(version: string): string | undefined {
  if (!/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/.test(version)) return "SemVer is bad";
  if (version === "0.0.0") return "SemVer cannot be zero";
  return undefined;
}
