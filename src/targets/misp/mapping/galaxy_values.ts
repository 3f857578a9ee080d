/**
 * Values of clusters that exist in MISP's galaxies, as far as a name from
 * OpenCTI can be told to be one of them. Source: misp-galaxy, August 2026.
 */

/** `country`: ISO 3166 code, then the value. */
// deno-fmt-ignore
export const COUNTRIES: ReadonlyMap<string, string> = coded(listed([
  "AD andorra|AE united arab emirates|AF afghanistan|AG antigua and barbuda",
  "AI anguilla|AL albania|AM armenia|AO angola|AQ antarctica|AR argentina",
  "AS american samoa|AT austria|AU australia|AW aruba|AX aland islands",
  "AZ azerbaijan|BA bosnia and herzegovina|BB barbados|BD bangladesh|BE belgium",
  "BF burkina faso|BG bulgaria|BH bahrain|BI burundi|BJ benin",
  "BL saint barthelemy|BM bermuda|BN brunei|BO bolivia",
  "BQ bonaire, saint eustatius and saba |BR brazil|BS bahamas|BT bhutan",
  "BV bouvet island|BW botswana|BY belarus|BZ belize|CA canada|CC cocos islands",
  "CD democratic republic of the congo|CF central african republic",
  "CG republic of the congo|CH switzerland|CI ivory coast|CK cook islands",
  "CL chile|CM cameroon|CN china|CO colombia|CR costa rica|CU cuba",
  "CV cabo verde|CW curacao|CX christmas island|CY cyprus|CZ czechia|DE germany",
  "DJ djibouti|DK denmark|DM dominica|DO dominican republic|DZ algeria",
  "EC ecuador|EE estonia|EG egypt|EH western sahara|ER eritrea|ES spain",
  "ET ethiopia|FI finland|FJ fiji|FK falkland islands|FM micronesia",
  "FO faroe islands|FR france|GA gabon|GB united kingdom|GD grenada|GE georgia",
  "GF french guiana|GG guernsey|GH ghana|GI gibraltar|GL greenland|GM gambia",
  "GN guinea|GP guadeloupe|GQ equatorial guinea|GR greece",
  "GS south georgia and the south sandwich islands|GT guatemala|GU guam",
  "GW guinea-bissau|GY guyana|HK hong kong|HM heard island and mcdonald islands",
  "HN honduras|HR croatia|HT haiti|HU hungary|ID indonesia|IE ireland|IL israel",
  "IM isle of man|IN india|IO british indian ocean territory|IQ iraq|IR iran",
  "IS iceland|IT italy|JE jersey|JM jamaica|JO jordan|JP japan|KE kenya",
  "KG kyrgyzstan|KH cambodia|KI kiribati|KM comoros|KN saint kitts and nevis",
  "KP north korea|KR south korea|XK kosovo|KW kuwait|KY cayman islands",
  "KZ kazakhstan|LA laos|LB lebanon|LC saint lucia|LI liechtenstein",
  "LK sri lanka|LR liberia|LS lesotho|LT lithuania|LU luxembourg|LV latvia",
  "LY libya|MA morocco|MC monaco|MD moldova|ME montenegro|MF saint martin",
  "MG madagascar|MH marshall islands|MK north macedonia|ML mali|MM myanmar",
  "MN mongolia|MO macao|MP northern mariana islands|MQ martinique|MR mauritania",
  "MS montserrat|MT malta|MU mauritius|MV maldives|MW malawi|MX mexico",
  "MY malaysia|MZ mozambique|NA namibia|NC new caledonia|NE niger",
  "NF norfolk island|NG nigeria|NI nicaragua|NL netherlands|NO norway|NP nepal",
  "NR nauru|NU niue|NZ new zealand|OM oman|PA panama|PE peru",
  "PF french polynesia|PG papua new guinea|PH philippines|PK pakistan|PL poland",
  "PM saint pierre and miquelon|PN pitcairn|PR puerto rico",
  "PS palestinian territory|PT portugal|PW palau|PY paraguay|QA qatar",
  "RE reunion|RO romania|RS serbia|RU russia|RW rwanda|SA saudi arabia",
  "SB solomon islands|SC seychelles|SD sudan|SS south sudan|SE sweden",
  "SG singapore|SH saint helena|SI slovenia|SJ svalbard and jan mayen",
  "SK slovakia|SL sierra leone|SM san marino|SN senegal|SO somalia|SR suriname",
  "ST sao tome and principe|SV el salvador|SX sint maarten|SY syria|SZ eswatini",
  "TC turks and caicos islands|TD chad|TF french southern territories|TG togo",
  "TH thailand|TJ tajikistan|TK tokelau|TL timor leste|TM turkmenistan",
  "TN tunisia|TO tonga|TR turkey|TT trinidad and tobago|TV tuvalu|TW taiwan",
  "TZ tanzania|UA ukraine|UG uganda|UM united states minor outlying islands",
  "US united states of america|UY uruguay|UZ uzbekistan|VA vatican",
  "VC saint vincent and the grenadines|VE venezuela|VG british virgin islands",
  "VI u.s. virgin islands|VN vietnam|VU vanuatu|WF wallis and futuna|WS samoa",
  "YE yemen|YT mayotte|ZA south africa|ZM zambia|ZW zimbabwe",
  "CS serbia and montenegro|AN netherlands antilles",
]));

/** `region`: UN M49 code and name, together the value. */
// deno-fmt-ignore
export const REGIONS: readonly string[] = listed([
  "001 - World|002 - Africa|005 - South America|009 - Oceania|010 - Antarctica",
  "011 - Western Africa|013 - Central America|014 - Eastern Africa",
  "015 - Northern Africa|017 - Middle Africa|018 - Southern Africa",
  "019 - Americas|021 - Northern America|029 - Caribbean|030 - Eastern Asia",
  "034 - Southern Asia|035 - South-eastern Asia|039 - Southern Europe",
  "053 - Australia and New Zealand|054 - Melanesia|057 - Micronesia",
  "061 - Polynesia|142 - Asia|143 - Central Asia|145 - Western Asia",
  "150 - Europe|151 - Eastern Europe|154 - Northern Europe|155 - Western Europe",
  "202 - Sub-Saharan Africa|419 - Latin America and the Caribbean",
  "830 - Channel Islands",
]);

/** `sector`. */
// deno-fmt-ignore
export const SECTORS: readonly string[] = listed([
  "Unknown|Other|Academia - University|Activists|Aerospace|Agriculture|Arts",
  "Bank|Chemical|Citizens|Civil Aviation|Country|Culture|Data Broker|Defense",
  "Development|Diplomacy|Education|Electric|Electronic|Employment|Energy",
  "Entertainment|Environment|Finance|Food|Game|Gas|Government, Administration",
  "Health|Higher education|Hotels|Infrastructure|Intelligence|IT|IT - Hacker",
  "IT - ISP|IT - Security|Justice|Manufacturing|Maritime|Military|Multi-sector",
  "News - Media|NGO|Oil|Payment|Pharmacy|Police - Law enforcement",
  "Research - Innovation|Satellite navigation|Security systems|Social networks",
  "Space|Steel|Telecoms|Think Tanks|Trade|Transport|Travel|Turbine|Tourism",
  "Life science|Biomedical|High tech|Opposition|Political party|Hospitality",
  "Automotive|Metal|Railway|Water|Smart meter|Retail|Technology|Engineering",
  "Mining|Sport|Restaurant|Semi-conductors|Insurance|Legal|Shipping|Logistic",
  "Construction|Industrial|Communication equipment|Security Service|Tax firm",
  "Television broadcast|Separatists|Dissidents|Digital services",
  "Digital infrastructure|Security actors|eCommerce|Islamic forums|Journalist",
  "Streaming service|Publishing industry|Islamic organisation|Casino|Consulting",
  "Online marketplace|DNS service provider|Veterinary|Marketing|Video Sharing",
  "Advertising|Investment|Accounting|Programming|Managed Services Provider",
  "Lawyers|Civil society|Petrochemical|Immigration|Non-profit organisation",
]);

/** `branded-vulnerability`: the nickname of a CVE. */
// deno-fmt-ignore
export const NICKNAMES: ReadonlyMap<string, string> = coded(listed([
  "CVE-2017-5754 Meltdown|CVE-2017-5753 Spectre|CVE-2017-5715 Spectre",
  "CVE-2014-0160 Heartbleed|CVE-2014-6271 Shellshock|CVE-2015-0235 Ghost",
  "CVE-2015-1538 Stagefright|CVE-2015-1539 Stagefright",
  "CVE-2015-3824 Stagefright|CVE-2015-3826 Stagefright",
  "CVE-2015-3827 Stagefright|CVE-2015-3828 Stagefright",
  "CVE-2015-3829 Stagefright|CVE-2015-3864 Stagefright|CVE-2016-5195 Dirty COW",
  "CVE-2014-3566 POODLE|CVE-2016-3714 ImageTragick",
]));

/** `mitre-data-source`: MITRE's id and the name; the value is `name - id`. */
// deno-fmt-ignore
export const DATA_SOURCES: ReadonlyMap<string, string> = coded(listed([
  "DS0010 Cloud Storage|DS0002 User Account|DS0003 Scheduled Job",
  "DS0004 Malware Repository|DS0006 Web Credential|DS0013 Sensor Health",
  "DS0041 Application Vetting|DS0015 Application Log|DS0023 Named Pipe",
  "DS0042 User Interface|DS0024 Windows Registry|DS0025 Cloud Service",
  "DS0026 Active Directory|DS0028 Logon Session|DS0029 Network Traffic",
  "DS0033 Network Share|DS0035 Internet Scan|DS0038 Domain Name|DS0001 Firmware",
  "DS0020 Snapshot|DS0030 Instance|DS0005 WMI|DS0007 Image|DS0008 Kernel",
  "DS0009 Process|DS0011 Module|DS0021 Persona|DS0012 Script|DS0031 Cluster",
  "DS0014 Pod|DS0016 Drive|DS0017 Command|DS0018 Firewall|DS0019 Service",
  "DS0022 File|DS0032 Container|DS0027 Driver|DS0034 Volume|DS0036 Group",
  "DS0037 Certificate",
]));

/** `mitre-data-component`: the same. */
// deno-fmt-ignore
export const DATA_COMPONENTS: ReadonlyMap<string, string> = coded(listed([
  "DC0050 Windows Registry Key Access|DC0071 Active Directory Object Access",
  "DC0063 Windows Registry Key Modification",
  "DC0045 Windows Registry Key Deletion",
  "DC0084 Active Directory Credential Request",
  "DC0056 Windows Registry Key Creation",
  "DC0066 Active Directory Object Modification",
  "DC0068 Active Directory Object Deletion",
  "DC0087 Active Directory Object Creation|DC0010 User Account Modification",
  "DC0001 Scheduled Job Creation|DC0002 User Account Authentication",
  "DC0005 Scheduled Job Metadata|DC0006 Web Credential Creation",
  "DC0070 Cloud Service Metadata|DC0007 Web Credential Usage",
  "DC0009 User Account Deletion|DC0090 Cloud Service Disable",
  "DC0021 OS API Execution|DC0102 Network Share Access",
  "DC0012 Scheduled Job Modification|DC0013 User Account Metadata",
  "DC0031 Kernel Module Load|DC0014 User Account Creation",
  "DC0051 Firewall Rule Modification|DC0017 Cloud Storage Enumeration",
  "DC0022 Cloud Storage Deletion|DC0023 Cloud Storage Modification",
  "DC0024 Cloud Storage Creation|DC0025 Cloud Storage Access",
  "DC0027 Cloud Storage Metadata|DC0082 Network Connection Creation",
  "DC0038 Application Log Content|DC0083 Cloud Service Enumeration",
  "DC0048 Named Pipe Metadata|DC0085 Network Traffic Content",
  "DC0067 Logon Session Creation|DC0069 Cloud Service Modification",
  "DC0078 Network Traffic Flow|DC0088 Logon Session Metadata",
  "DC0100 Volume Metadata|DC0020 Process Modification|DC0003 Malware Metadata",
  "DC0030 Pod Modification|DC0040 File Deletion|DC0004 Firmware Modification",
  "DC0060 Service Creation|DC0008 WMI Creation|DC0080 Instance Start",
  "DC0011 Malware Content|DC0101 Domain Registration|DC0120 Cluster Metadata",
  "DC0103 Active DNS|DC0104 Response Content|DC0041 Service Metadata",
  "DC0015 Image Creation|DC0105 Group Metadata|DC0061 File Modification",
  "DC0016 Module Load|DC0106 Response Metadata|DC0081 Instance Deletion",
  "DC0018 Host Status|DC0091 Container Enumeration|DC0019 Pod Creation",
  "DC0032 Process Creation|DC0042 Drive Creation|DC0052 Social Media",
  "DC0026 Image Deletion|DC0062 Snapshot Metadata|DC0072 Container Creation",
  "DC0028 Image Metadata|DC0029 Script Execution|DC0092 Volume Modification",
  "DC0033 Process Termination|DC0043 Firewall Disable|DC0034 Process Metadata",
  "DC0035 Process Access|DC0053 Firewall Metadata|DC0036 Image Modification",
  "DC0037 Pod Enumeration|DC0073 Instance Modification|DC0039 File Creation",
  "DC0093 Certificate Registration|DC0044 Firewall Enumeration",
  "DC0054 Drive Access|DC0064 Command Execution|DC0046 Drive Modification",
  "DC0074 Driver Metadata|DC0047 Snapshot Enumeration|DC0049 Snapshot Deletion",
  "DC0094 Group Modification|DC0055 File Access|DC0065 Service Modification",
  "DC0057 Snapshot Creation|DC0075 Instance Enumeration",
  "DC0058 Snapshot Modification|DC0095 Volume Enumeration|DC0059 File Metadata",
  "DC0076 Instance Creation|DC0086 Instance Metadata|DC0096 Passive DNS",
  "DC0077 Container Start|DC0097 Volume Creation|DC0079 Driver Load",
  "DC0098 Volume Deletion|DC0089 Instance Stop|DC0099 Group Enumeration",
  "DC0112 API Calls|DC0121 Pod Metadata|DC0113 Network Communication",
  "DC0114 Application Permission|DC0115 Protected Configuration",
  "DC0116 Permissions Request|DC0117 System Notifications",
  "DC0118 System Settings|DC0119 Application Assets|DC0122 Container Metadata",
  "DC0123 Application State",
]));

/** The items of lines that hold several, `|` between them. */
function listed(lines: readonly string[]): string[] {
  return lines.flatMap((line) => line.split("|"));
}

/** Items of a code, a space and a value. */
function coded(items: readonly string[]): ReadonlyMap<string, string> {
  return new Map(items.map((item) => {
    const space = item.indexOf(" ");
    return [item.slice(0, space), item.slice(space + 1)];
  }));
}
