"""What roles hold of BigQuery, of Cloud KMS and of the rarer things of Cloud Storage. Syntax: see the package.

https://cloud.google.com/iam/docs/roles-permissions, as of August 2026. The basic roles lack most of BigQuery's tables:
their members have them through the access entries of each dataset.
"""

from __future__ import annotations

ROLES = """
bigquery.admin: bigquery.datasets.create|delete|get|getIamPolicy|setIamPolicy|update bigquery.jobs.* bigquery.models.*
    bigquery.routines.* bigquery.tables.*
bigquery.dataEditor: bigquery.datasets.create|get|getIamPolicy bigquery.models.* bigquery.routines.*
    bigquery.tables.create|delete|export|get|getData|getIamPolicy|list|update|updateData
bigquery.dataOwner: bigquery.datasets.create|delete|get|getIamPolicy|setIamPolicy|update bigquery.models.*
    bigquery.routines.* bigquery.tables.*
bigquery.dataViewer: bigquery.datasets.get|getIamPolicy bigquery.models.getData|getMetadata|list
    bigquery.routines.get|list bigquery.tables.export|get|getData|getIamPolicy|list
bigquery.jobUser: bigquery.jobs.create
bigquery.metadataViewer: bigquery.datasets.get|getIamPolicy bigquery.models.getMetadata|list bigquery.routines.get|list
    bigquery.tables.get|getIamPolicy|list resourcemanager.projects.get|list
bigquery.user: bigquery.datasets.create|get|getIamPolicy bigquery.jobs.create|list bigquery.models.list
    bigquery.routines.list bigquery.tables.list
cloudkms.signer: cloudkms.cryptoKeyVersions.useToSign cloudkms.locations.get|list resourcemanager.projects.get
cloudkms.signerVerifier: cloudkms.cryptoKeyVersions.useToSign|useToVerify|viewPublicKey cloudkms.locations.get|list
    resourcemanager.projects.get
cloudkms.verifier: cloudkms.cryptoKeyVersions.useToVerify|viewPublicKey cloudkms.locations.get|list
    resourcemanager.projects.get
cloudkms.publicKeyViewer: cloudkms.cryptoKeyVersions.viewPublicKey cloudkms.locations.get|list
    resourcemanager.projects.get
cloudkms.admin: -cloudkms.locations.generateRandomBytes
cloudkms.cryptoKeyDecrypter: -cloudkms.locations.generateRandomBytes
cloudkms.cryptoKeyEncrypter: -cloudkms.locations.generateRandomBytes
cloudkms.cryptoKeyEncrypterDecrypter: -cloudkms.locations.generateRandomBytes
cloudkms.viewer: -cloudkms.locations.generateRandomBytes
editor: -bigquery.datasets.delete|setIamPolicy|update -bigquery.jobs.listAll|update
    -bigquery.tables.create|delete|export|get|getData|list|setIamPolicy|update|updateData -storage.buckets.relocate
iam.securityAdmin: bigquery.datasets.getIamPolicy|setIamPolicy bigquery.jobs.list bigquery.models.list
    bigquery.routines.list bigquery.tables.getIamPolicy|list|setIamPolicy
iam.securityReviewer: bigquery.datasets.getIamPolicy bigquery.jobs.list bigquery.models.list bigquery.routines.list
    bigquery.tables.getIamPolicy|list
owner: -bigquery.tables.create|delete|export|get|getData|list|update|updateData -storage.buckets.relocate
storage.objectUser: storage.objects.move
viewer: bigquery.jobs.create bigquery.models.getData|getMetadata cloudkms.locations.generateRandomBytes
    -bigquery.tables.get|list
"""
