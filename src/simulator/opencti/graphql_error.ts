/** An error of the platform, as it stands in `errors` of a 200 answer. */
export class OpenctiError extends Error {
  readonly code: string;

  constructor(code: string, message?: string) {
    super(message ?? MESSAGES[code]?.message ?? code);
    this.code = code;
  }
}

/** Usual message and `http_status` of each code. */
const MESSAGES: Readonly<
  Record<string, { message: string; status: number; genre: string }>
> = {
  AUTH_REQUIRED: {
    message: "You must be logged in to do this.",
    status: 401,
    genre: "BUSINESS",
  },
  FORBIDDEN_ACCESS: {
    message: "You are not allowed to do this.",
    status: 403,
    genre: "BUSINESS",
  },
  FUNCTIONAL_ERROR: {
    message: "Business validation error",
    status: 400,
    genre: "BUSINESS",
  },
  MISSING_REFERENCE_ERROR: {
    message: "Element(s) not found",
    status: 404,
    genre: "BUSINESS",
  },
  LOCK_ERROR: {
    message: "Execution timeout, too many concurrent call on the same entities",
    status: 500,
    genre: "TECHNICAL",
  },
  DATABASE_ERROR: {
    message: "A database error has occurred",
    status: 500,
    genre: "TECHNICAL",
  },
};

/** One member of `errors`. */
export interface FormattedError {
  readonly message: string;
  readonly name: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: {
    readonly code: string;
    readonly data: { readonly http_status: number; readonly genre: string };
  };
}

/** The error as the platform writes it. */
export function formatError(
  code: string,
  message: string | undefined,
  path?: readonly (string | number)[],
): FormattedError {
  const known = MESSAGES[code];
  return {
    message: message ?? known?.message ?? code,
    name: code,
    ...(path === undefined ? {} : { path }),
    extensions: {
      code,
      data: {
        http_status: known?.status ?? 500,
        genre: known?.genre ?? "TECHNICAL",
      },
    },
  };
}
