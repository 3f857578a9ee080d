import type { ObservableDraft } from "./entities.ts";
import type { Mint } from "./values.ts";

/** SHA-256 and MD5 of the harmless EICAR test file. */
const EICAR = {
  "MD5": "44d88612fea8a8f36de82e1278abb02f",
  "SHA-256": "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f",
};

/** One observable of every OpenCTI type, with most of its members. */
export function everyObservable(mint: Mint): readonly ObservableDraft[] {
  const address = one("IPv4-Addr", { value: mint.ipv4() });
  const other = one("IPv4-Addr", { value: mint.ipv4() });
  const sender = one("Email-Addr", {
    value: mint.email(),
    display_name: "Example “Customs” Office",
  });
  const recipient = one("Email-Addr", { value: "desk@example.org" });
  const folder = one("Directory", { path: mint.directory() });
  const number = mint.autonomousSystem();
  const file: ObservableDraft = {
    ...one("StixFile", {
      hashes: EICAR,
      size: 68,
      name: "eicar.com",
      mime_type: "text/plain",
    }),
    description: "Harmless test file.",
    sco: { additional_names: ["eicar.txt"] },
    refs: { parent_directory_ref: folder },
  };
  return [
    {
      ...address,
      refs: {
        belongs_to_refs: [
          one("Autonomous-System", { number, name: `EXAMPLE-${number}` }),
        ],
      },
    },
    one("IPv6-Addr", { value: mint.ipv6() }),
    {
      ...one("Domain-Name", { value: mint.domain() }),
      refs: { resolves_to_refs: [address, other] },
    },
    one("Hostname", { value: mint.hostname() }),
    one("Url", { value: mint.url() }),
    file,
    {
      ...one("Email-Message", {
        is_multipart: true,
        content_type: "multipart/mixed",
        message_id: `<${mint.random.hex(12)}@example.org>`,
        subject: "Customs declaration – “urgent”",
        received_lines: [
          "from mx.example.net (192.0.2.25) by mail.example.org",
        ],
        body:
          "Dear Sir,\r\n\r\nplease find the declaration attached.\r\n-- \r\n",
      }),
      refs: { from_ref: sender, to_refs: [recipient] },
    },
    one("Artifact", {
      mime_type: "application/zip",
      url: mint.url(),
      hashes: { "SHA-256": mint.sha256() },
    }),
    one("Mac-Addr", { value: mint.mac() }),
    one("Mutex", { name: mint.mutex() }),
    one("User-Agent", { value: mint.userAgent() }),
    {
      ...one("Network-Traffic", {
        start: "2025-05-12T07:12:03.000Z",
        end: "2025-05-12T07:14:41.000Z",
        is_active: false,
        src_port: 49_213,
        dst_port: 443,
        protocols: ["ipv4", "tcp", "tls"],
        src_byte_count: 1_843,
        dst_byte_count: 883_921,
      }),
      refs: { src_ref: other, dst_ref: address },
    },
    {
      ...one("Process", {
        is_hidden: false,
        pid: 4_711,
        cwd: "C:\\Users\\cfo",
        command_line: mint.commandLine(),
      }),
      refs: { image_ref: file },
    },
    one("Software", {
      name: "Quillpad",
      cpe: "cpe:2.3:a:examplesoft:quillpad:7.2:*:*:*:*:*:*:*",
      languages: ["en", "fr"],
      vendor: "Examplesoft",
      version: "7.2",
    }),
    one("User-Account", {
      user_id: "S-1-5-21-1004336348-1177238915-682003330-512",
      account_login: mint.login(),
      account_type: "windows-domain",
      is_service_account: true,
      is_privileged: true,
      is_disabled: false,
    }),
    one("Windows-Registry-Key", {
      key: `${mint.registryKey()}\\${mint.login()}`,
      values: [mint.registryValue(), mint.registryValue()],
    }),
    one("Windows-Registry-Value-Type", mint.registryValue()),
    one("X509-Certificate", {
      is_self_signed: false,
      hashes: { "SHA-1": mint.sha1(), "SHA-256": mint.sha256() },
      version: "3",
      serial_number: mint.serialNumber(),
      issuer: mint.issuer(),
      validity_not_before: "2025-01-25T00:00:00.000Z",
      validity_not_after: "2026-01-25T23:59:59.000Z",
      subject: "CN=Example Signing, O=Example Holdings, C=XX",
    }),
    one("Cryptocurrency-Wallet", { value: mint.wallet() }),
    one("Cryptographic-Key", { value: mint.random.hex(40).toUpperCase() }),
    one("Text", { value: `campaign marker ${mint.random.hex(6)}` }),
    one("Phone-Number", { value: mint.phoneNumber() }),
    one("Bank-Account", { iban: "XX00EXMP00000000000042", bic: "EXMPXXXX" }),
    one("Payment-Card", {
      card_number: "4111111111111111",
      expiration_date: "2028-12-31T00:00:00.000Z",
      holder_name: "ROBIN SAMPLE",
    }),
    one("Credential", { value: "robin.sample@example.org:not-a-password" }),
    one("Tracking-Number", { value: "1Z999AA10123456784" }),
    one("Media-Content", {
      title: "Post on the leak site",
      media_category: "leak-site",
      url: mint.url(),
      publication_date: "2025-05-11T09:30:00.000Z",
    }),
    one("Persona", {
      persona_name: "stonemason_support",
      persona_type: "forum-account",
    }),
    one("SSH-Key", {
      key_type: "ssh-ed25519",
      fingerprint_sha256: `SHA256:${mint.random.hex(43)}`,
      key_length: 256,
      comment: "root@relay",
    }),
    one("Email-Mime-Part-Type", {
      content_type: "text/plain; charset=utf-8",
      content_disposition: "inline",
      body: "please find the declaration attached",
    }),
  ];
}

function one(
  type: string,
  properties: ObservableDraft["properties"],
): ObservableDraft {
  return { type, properties };
}
